package request

import (
	"slices"

	"dkimd/keys/finding"
)

// The codes.
const (
	// The mail.
	NoForm          finding.Code = "no_form"
	EmptyForm       finding.Code = "empty_form"
	FormInQuote     finding.Code = "form_in_quote"
	QuotedForm      finding.Code = "quoted_form_ignored"
	NoSender        finding.Code = "no_sender"
	SeveralSenders  finding.Code = "several_senders"
	ReceivedUnknown finding.Code = "received_unknown"
	Withdrawn       finding.Code = "withdrawn"
	Garbled         finding.Code = "garbled"
	TooLong         finding.Code = "mail_too_long"
	PrivateKey      finding.Code = "private_key_sent"

	// A request.
	NotAnOrder     finding.Code = "not_an_order"
	NoHeading      finding.Code = "no_heading"
	KindUnknown    finding.Code = "kind_unknown"
	KindMismatch   finding.Code = "kind_mismatch"
	MissingHost    finding.Code = "missing_host"
	MissingValue   finding.Code = "missing_value"
	NotRead        finding.Code = "not_read"
	SeveralValues  finding.Code = "several_values"
	BadHost        finding.Code = "bad_host"
	NoDomain       finding.Code = "no_domain"
	DateOutside    finding.Code = "date_outside_form"
	DateUnclear    finding.Code = "date_unclear"
	HostCompleted  finding.Code = "host_completed"
	HostCorrected  finding.Code = "host_corrected"
	ValueHidden    finding.Code = "value_hidden"
	ValueWithWords finding.Code = "value_with_words"
	ValueCorrected finding.Code = "value_corrected"
	ValueJoined    finding.Code = "value_joined"
	ValueQuoted    finding.Code = "value_quoted"
	ValueBlanks    finding.Code = "value_blanks"
)

// meanings says what each code means and what to do. Of a request, {kind}, {typed}
// (the host as it was written) and {host} (as it is read) are filled in.
var meanings = finding.Table{
	NoForm: finding.Means(finding.Error,
		"there is no request form in the mail: it may be no request", "ご依頼の書式が見当たりません。ご依頼ではない可能性があります",
		"read the mail; if it is a request, send the customer the form: dkimctl desk reply DOMAIN --letter guide", "本文をご確認ください。ご依頼の場合は、書式をご案内ください(dkimctl desk reply ドメイン名 --letter guide)"),
	EmptyForm: finding.Means(finding.Error,
		"the request form is empty: it may be no request", "ご依頼の書式に内容が記入されていません。ご依頼ではない可能性があります",
		"read the mail; if it is a request, ask for the form filled in", "本文をご確認ください。ご依頼の場合は、書式へのご記入をお願いしてください"),
	FormInQuote: finding.Means(finding.Error,
		"the form stands in a quotation only: it may be an older request", "ご依頼の書式が引用部分にのみ記載されています。過去のご依頼の可能性があります",
		"read the mail; if the form is meant, give it alone, without the marks of the quotation", "本文をご確認ください。今回のご依頼であることを確認できた場合は、引用符を除いた書式のみで改めて確認してください"),
	Withdrawn: finding.Means(finding.Error,
		"the mail may take a request back, or put it off", "取消・延期のご連絡の可能性があります",
		"read the mail; what it asks for is not planned", "本文をご確認ください。ご依頼の受付と作業の予定は作成していません"),
	QuotedForm: finding.Means(finding.Warning,
		"forms in the quotation are not taken as requests", "引用部分に記載の書式は、今回のご依頼に含めておりません",
		"say so if they are meant too", "あわせてご希望の場合は、改めてお知らせください"),
	NoSender: finding.Means(finding.Warning,
		"the sender's address is not known", "送信元のメールアドレスを確認できません",
		"compare the sender with the registered addresses by hand", "登録メールアドレスとの照合が必要です"),
	SeveralSenders: finding.Means(finding.Error,
		"the mail names more than one sender", "送信元のメールアドレスが複数記載されています",
		"send the request from the registered address alone", "ご登録のメールアドレスより改めてお送りください"),
	ReceivedUnknown: finding.Means(finding.Warning,
		"the time of receipt is unknown: the day is reckoned as if the mail had been received now",
		"受信日時が不明なため、現在受信したものとして設定予定日を計算しています",
		"give the time of receipt: what comes after 16:00 is not done the same day", "受信日時を指定してください(即日対応の受付は16時までです)"),
	Garbled: finding.Means(finding.Warning,
		"some characters of the mail cannot be read", "文字化けしている箇所があります",
		"ask for the request as plain text", "テキスト形式にて改めてお送りください"),
	TooLong: finding.Means(finding.Warning,
		"the mail is very long: its end has not been read", "メールが長すぎるため、後半を読み取っておりません",
		"send the request alone", "ご依頼の内容のみを改めてお送りください"),
	PrivateKey: finding.Means(finding.Critical,
		"there is a private key in the mail: whoever has read it can sign as the customer", "メールに秘密鍵が記載されています。第三者に知られた場合、なりすましに悪用されるおそれがあります",
		"a new key pair is needed: publish its public key only, and delete this mail", "該当の鍵は使用を中止し、新しく作成した公開鍵のみをお知らせください。秘密鍵はお送りにならないでください"),

	NotAnOrder: finding.Means(finding.Error,
		"the form asks for no setting, or for one to be taken away", "設定の追加・変更ではなく、削除のご依頼などの可能性があります",
		"read the mail; if a record is to be removed, do it by hand", "本文をご確認ください。レコードの削除は手作業で行ってください"),
	NoHeading: finding.Means(finding.Error,
		"host and value stand there without the heading of a form: it may be no order", "ご依頼の見出し(【DMARCの設定を希望します】など)がありません",
		"send the form with its heading", "ご依頼の場合は、マニュアルに記載の書式にて改めてお送りください"),
	KindUnknown: finding.Means(finding.Error,
		"the form does not say whether it is about SPF, DKIM or DMARC", "SPF、DKIM、DMARCのいずれのご依頼かを確認できません",
		"say which record is meant", "ご希望の設定(SPF、DKIM、DMARC)をお知らせください"),
	KindMismatch: finding.Means(finding.Error,
		"the form is about {kind}, but host or value are of another record", "{kind}のご依頼ですが、ホスト名または値が{kind}のものではありません",
		"say which record is meant", "ご希望の設定をご確認のうえ、改めてお知らせください"),
	MissingHost: finding.Means(finding.Error,
		"the host is missing", "ホスト名(ドメイン名)が記入されていません",
		"write the host in full", "ホスト名(ドメイン名)をお知らせください"),
	MissingValue: finding.Means(finding.Error,
		"the value is missing", "値( VALUE )が記入されていません",
		"write the value", "値( VALUE )をお知らせください"),
	NotRead: finding.Means(finding.Error,
		"what stands in the form cannot be read as host and value", "ご記入の内容から、ホスト名または値( VALUE )を読み取れませんでした",
		"write each behind its label of the form", "書式の各項目の後ろに、ホスト名と値( VALUE )をそれぞれご記入ください"),
	SeveralValues: finding.Means(finding.Error,
		"several values are asked for at {host}", "「{host}」に登録する値が複数記載されています",
		"choose one", "登録する値を 1 つお知らせください"),
	BadHost: finding.Means(finding.Error,
		"this is no host name: {typed}", "ホスト名(ドメイン名)を読み取れません(ご記入:{typed})",
		"write the host as in _dmarc.example.jp", "ホスト名(ドメイン名)をご確認のうえ、改めてお知らせください"),
	NoDomain: finding.Means(finding.Error,
		"the host has no domain: {typed}", "ホスト名にドメイン名が含まれていません(ご記入:{typed})",
		"write the host with the domain", "ドメイン名を含めたホスト名をお知らせください"),
	DateOutside: finding.Means(finding.Warning,
		"the date stands outside of the form: {date}", "設定希望日を書式以外の箇所から読み取りました(「{date}」)",
		"look whether this is meant", "相違がないかをご確認ください"),
	DateUnclear: finding.Means(finding.Error,
		"it is not clear which of the dates in the mail is wished for", "ご連絡に複数の日付などの記載があり、設定希望日を特定できません",
		"say for which day it is wished", "設定希望日をお知らせください"),
	HostCompleted: finding.Means(finding.Warning,
		"the host {typed} is taken as {host}", "ホスト名「{typed}」を「{host}」と読み取りました",
		"look whether this is meant", "相違がないかをご確認ください"),
	HostCorrected: finding.Means(finding.Warning,
		"{typed} is taken as {host}", "ホスト名「{typed}」を「{host}」と読み取りました",
		"look whether this is meant", "相違がないかをご確認ください"),
	ValueHidden: finding.Means(finding.Error,
		"the value has a key that is no public one: it may be a part of a private key, and is not shown", "値( VALUE )を公開鍵として読み取れません。秘密鍵の可能性があるため、表示を控えています",
		"ask for the public key's record; a private key must never be sent", "公開鍵の値を改めてお知らせください。秘密鍵はお送りにならないでください"),
	ValueWithWords: finding.Means(finding.Error,
		"the value holds words that are no part of a record", "値( VALUE )にレコードの値ではない文字が含まれています",
		"write the value alone, exactly as it is to be published", "登録する値のみを、正確にお知らせください"),
	ValueCorrected: finding.Means(finding.Warning,
		"the value was written with full-width letters or signs of an office program", "値( VALUE )に全角文字または特殊な記号が含まれていたため、半角に読み替えました",
		"compare the value", "読み替え後の値に相違がないかをご確認ください"),
	ValueJoined: finding.Means(finding.Info,
		"the value was broken over lines", "値( VALUE )が複数行に分かれていたため、1 行にまとめました",
		"compare the value", "まとめた値に相違がないかをご確認ください"),
	ValueQuoted: finding.Means(finding.Info,
		"the value was written as in a zone file", "値( VALUE )の引用符を除き、1 行にまとめました",
		"compare the value", "まとめた値に相違がないかをご確認ください"),
	ValueBlanks: finding.Means(finding.Info,
		"there were blanks inside the key", "鍵の途中の空白を取り除きました",
		"compare the value", "取り除いた後の値に相違がないかをご確認ください"),
}

// forStaff are errors that no letter can answer before somebody has read the mail.
var forStaff = []finding.Code{NoForm, EmptyForm, FormInQuote, Withdrawn, NotAnOrder}

// IsForStaff reports whether a finding asks staff to read the mail. Its text is not for
// the customer.
func IsForStaff(f finding.Finding) bool { return slices.Contains(forStaff, f.Code) }

// Codes says what each code means.
func Codes() finding.Table { return meanings }
