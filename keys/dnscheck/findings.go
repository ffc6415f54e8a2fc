package dnscheck

import (
	"strings"

	"dkimd/keys/record"
)

// Severity says how bad a finding is.
type Severity string

// The severities. From Error on the record does not do what it should.
const (
	Critical Severity = "critical"
	Error    Severity = "error"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

func (s Severity) rank() int {
	switch s {
	case Critical:
		return 0
	case Error:
		return 1
	case Warning:
		return 2
	}
	return 3
}

// Text is the same in two languages.
type Text struct {
	En string `json:"en"`
	Ja string `json:"ja"`
}

// Finding is one thing that a check noticed.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     Code     `json:"code"`
	Server   string   `json:"server,omitempty"` // name and address; empty: all that have answered
	Text     Text     `json:"text"`
	Hint     Text     `json:"hint"` // what to do
}

func (f Finding) isError() bool { return f.Severity.rank() <= Error.rank() }

// Code names a kind of finding, for programs; it never changes.
type Code string

// The codes.
const (
	// There is nothing at the record's host.
	NothingThere      Code = "not_published"
	NoDelegation      Code = "no_delegation"
	DoubledDomain     Code = "doubled_domain"
	MissingUnderscore Code = "missing_underscore"
	WrongProvider     Code = "wrong_provider"
	WildcardAnswer    Code = "wildcard_answer"

	// There is something of another type.
	AddressInsteadOfTXT Code = "address_instead_of_txt"
	CNAMEInsteadOfTXT   Code = "cname_instead_of_txt"
	TXTInsteadOfCNAME   Code = "txt_instead_of_cname"
	CNAMERelative       Code = "cname_relative"
	CNAMELoop           Code = "cname_loop"

	// There is another record.
	SeveralRecords Code = "several_records"
	OldKey         Code = "old_key"
	WrongHost      Code = "wrong_host"
	OtherKey       Code = "other_key"
	NotDKIM        Code = "not_dkim"
	Revoked        Code = "revoked"

	// The value is damaged.
	BadCharacters  Code = "bad_characters"
	LiteralQuotes  Code = "literal_quotes"
	Backslashes    Code = "backslashes"
	CutAtSemicolon Code = "cut_at_semicolon"
	Truncated      Code = "truncated"
	WrongOrder     Code = "wrong_order"
	SpacesInKey    Code = "spaces_in_key"
	PEMArmour      Code = "pem_armour"
	PKCS1          Code = "pkcs1"
	PrivateKey     Code = "private_key"
	WrongVersion   Code = "wrong_version"
	WrongAlgorithm Code = "wrong_algorithm"
	NotForEmail    Code = "not_for_email"
	HashNotAllowed Code = "hash_not_allowed"
	TestFlag       Code = "test_flag"
	Malformed      Code = "malformed"

	// The servers.
	ServersDisagree  Code = "servers_disagree"
	ServerLags       Code = "server_lags"
	ServerSilent     Code = "server_silent"
	ServerWithoutTCP Code = "server_without_tcp"
	ServerLame       Code = "server_lame"
	ServerUnknown    Code = "server_unknown"
	IPv6Only         Code = "ipv6_only"
	ZoneUnknown      Code = "zone_unknown"
	GaveUp           Code = "gave_up"

	// The resolver.
	NegativeCache  Code = "negative_cache"
	StaleCache     Code = "stale_cache"
	DNSSECFailure  Code = "dnssec_failure"
	ResolverFailed Code = "resolver_failed"
)

type row struct {
	severity Severity
	text     Text
	hint     Text
}

// table says what each code means and what to do. Of the record, {host},
// {relative} and {domain} are filled in everywhere; what else, the finding gives.
var table = map[Code]row{
	NothingThere: {Error,
		Text{"there is no record at {host}", "「{host}」に DKIM のレコードが登録されていません"},
		Text{"enter the TXT record; where the panel appends the domain, the host is {relative}", "TXT レコードをご登録ください。ドメイン名が自動で付加される画面では、ホスト名に「{relative}」のみをご入力ください"}},
	NoDelegation: {Error,
		Text{"the domain {domain} is in no name server: it is not registered, or has expired", "ドメイン「{domain}」のネームサーバが設定されていません(未登録または失効の可能性があります)"},
		Text{"look at the domain's registration and its name servers", "ドメインの登録状況とネームサーバの設定をご確認ください"}},
	DoubledDomain: {Error,
		Text{"the domain stands twice in the record's host: it is at {found}", "ホスト名にドメイン名が二重に付いています(現在のホスト名:「{found}」)"},
		Text{"the panel appends the domain: enter {relative} only", "ドメイン名は自動で付加されますので、ホスト名には「{relative}」のみをご入力ください"}},
	MissingUnderscore: {Error,
		Text{"the underscore is missing: the record is at {found}", "「_domainkey」の先頭のアンダーバー「_」が抜けています(現在のホスト名:「{found}」)"},
		Text{"the host is {host}", "ホスト名を「{host}」に修正してください"}},
	WrongProvider: {Error,
		Text{"the record is on {servers}, but the domain's name servers are {right}", "ご登録先のネームサーバ({servers})と、実際にご利用中のネームサーバ({right})が異なります"},
		Text{"enter the record at the provider of {right}", "ご利用中のネームサーバ({right})の提供元の管理画面でご登録ください"}},
	WildcardAnswer: {Error,
		Text{"what is at {host} comes from a wildcard (*), not from a record of its own", "「{host}」の応答はワイルドカード(*)のレコードによるもので、DKIM のレコードは登録されていません"},
		Text{"enter the TXT record at {host}", "「{host}」の TXT レコードを個別にご登録ください"}},

	AddressInsteadOfTXT: {Error,
		Text{"there is an IP address at {host}, and no TXT record: a CNAME behind a proxy looks like that", "「{host}」に IP アドレスが登録されており、TXT レコードがありません(CNAME のプロキシ機能が有効な場合にもこの状態になります)"},
		Text{"switch the proxy off for this CNAME (\"DNS only\"), or enter the TXT record", "CNAME をご利用の場合はプロキシを無効(DNS のみ)にしてください。それ以外の場合は TXT レコードをご登録ください"}},
	CNAMEInsteadOfTXT: {Error,
		Text{"{host} is a CNAME to {target}, where there is no record", "「{host}」に CNAME が登録されていますが、参照先「{target}」にレコードがありません"},
		Text{"remove the CNAME and enter the TXT record; or, if the CNAME is meant, have the record published at its target", "CNAME を削除し、TXT レコードをご登録ください。CNAME をご利用の場合は、参照先の名前に誤りがないかをご確認ください"}},
	TXTInsteadOfCNAME: {Error,
		Text{"the target of a CNAME stands in a TXT record: {value}", "CNAME の参照先が TXT レコードとして登録されています({value})"},
		Text{"change the record's type to CNAME", "レコードの種別を TXT から CNAME に変更してください"}},
	CNAMERelative: {Error,
		Text{"the target of the CNAME has a domain appended: {target}", "CNAME の参照先の末尾にドメイン名が付加されています({target})"},
		Text{"end the target with a dot: {meant}.", "参照先の末尾に「.」を付け、「{meant}.」とご入力ください"}},
	CNAMELoop: {Error,
		Text{"the CNAMEs go round in a circle, or are too many: {target}", "CNAME の参照が循環しているか、段数が多すぎます({target})"},
		Text{"remove the CNAME and enter the record as it was given", "CNAME を削除し、ご案内のとおりのレコードをご登録ください"}},

	SeveralRecords: {Error,
		Text{"there are {count} TXT records at {host}: receivers reject that, even if one is right", "「{host}」に TXT レコードが {count} 件あります。正しい値が含まれていても、認証に失敗します"},
		Text{"leave only the record that was given", "ご案内の 1 件のみを残し、ほかの TXT レコードを削除してください"}},
	OldKey: {Error,
		Text{"an old key of this domain is still there", "以前の鍵のレコードが残っています"},
		Text{"replace the value with the new one", "値を新しいものに置き換えてください"}},
	WrongHost: {Error,
		Text{"the key that belongs to {right} is at {found}", "「{right}」に登録いただく鍵が、「{found}」に登録されています"},
		Text{"enter each value at its own host; the host of this one is {host}, or {relative} where the panel appends the domain", "この値のホスト名は「{host}」です(ドメイン名が自動で付加される画面では「{relative}」)。値とホスト名の組み合わせをご確認のうえ、登録し直してください"}},
	OtherKey: {Error,
		Text{"there is a DKIM key at {host}, but it is not ours", "「{host}」に、ご案内とは異なる DKIM の鍵が登録されています"},
		Text{"replace the value with the one that was given, unless another service needs it", "別のサービスでご利用中でないことをご確認のうえ、値をご案内のものに置き換えてください"}},
	NotDKIM: {Error,
		Text{"what is at {host} is no DKIM record: {value}", "「{host}」に登録されている値は DKIM のレコードではありません({value})"},
		Text{"replace the value with the one that was given", "値をご案内のものに置き換えてください"}},
	Revoked: {Error,
		Text{"the record says that the key is revoked: p= is empty", "失効済みの鍵として登録されています(p= が空です)"},
		Text{"enter the whole value that was given", "ご案内の値全体をご登録ください"}},

	BadCharacters: {Error,
		Text{"the value contains a character that does not belong there: {character}", "値に全角文字、特殊な引用符、または制御文字が含まれています({character})"},
		Text{"copy the value from the attached text file, not from a document or a chat", "添付のテキストファイルから値をコピーし直してください"}},
	LiteralQuotes: {Error,
		Text{"quotation marks have become part of the value", "引用符「\"」が値の一部として登録されています"},
		Text{"enter the value without quotation marks, in one piece", "値の「\"」を除き、1 行でご登録ください"}},
	Backslashes: {Error,
		Text{"backslashes have become part of the value", "「\\」(円記号)が値の一部として登録されています"},
		Text{"enter the value without backslashes", "値の「\\」を除いてください"}},
	CutAtSemicolon: {Error,
		Text{"the value ends at the first semicolon: only v=DKIM1 is there", "値が最初の「;」で切れており、「v=DKIM1」のみが登録されています"},
		Text{"put the whole value between quotation marks", "値全体を「\"」で囲んでください"}},
	Truncated: {Error,
		Text{"a part of the value is missing: {length} bytes are there, {full} were given", "値の一部が欠けています({length} 文字。ご案内の値は {full} 文字です)"},
		Text{"enter the value in strings of at most 255 bytes if the panel allows it, or ask for a CNAME instead", "分割形式の値をお試しください。登録できない場合は、CNAME による方法をご案内いたします"}},
	WrongOrder: {Error,
		Text{"the strings of the value are in the wrong order", "分割した文字列の順序が逆になっています"},
		Text{"enter them in the order in which they were given", "ご案内の順序でご登録ください"}},
	SpacesInKey: {Warning,
		Text{"there are spaces or line ends inside the key", "鍵の途中に空白または改行が入っています。動作しない場合があります"},
		Text{"remove them: not every receiver copes", "空白および改行を取り除いてください"}},
	PEMArmour: {Error,
		Text{"the value contains the lines BEGIN and END of a key file", "値に鍵ファイルの「-----BEGIN …-----」の行が含まれています"},
		Text{"enter the value that was given instead", "ご案内の値をそのままご登録ください"}},
	PKCS1: {Error,
		Text{"the key is in the form PKCS #1, which many receivers do not read", "鍵の形式が PKCS #1 です。多くの受信側で認証に失敗します"},
		Text{"enter the value that was given: its p= begins with MIIBIjAN or similar", "ご案内の値をそのままご登録ください"}},
	PrivateKey: {Critical,
		Text{"a private key is published at {host}: whoever reads it can sign as {domain}", "「{host}」に秘密鍵が公開されています。第三者が「{domain}」の署名を作成できる状態です"},
		Text{"revoke that key at once, remove the record, and publish a new key", "ただちにレコードを削除してください。該当の鍵は失効とし、新しい鍵をご案内いたします"}},
	WrongVersion: {Error,
		Text{"v=DKIM1 does not stand first, or is written differently", "「v=DKIM1」が先頭にないか、表記が異なります"},
		Text{"begin the value with v=DKIM1", "値の先頭を「v=DKIM1」としてください"}},
	WrongAlgorithm: {Error,
		Text{"k= says {found}, which is not the algorithm of the key", "「k=」の値({found})が鍵の方式と異なります"},
		Text{"enter the value as it was given, in lower case", "ご案内の値のとおり、小文字でご登録ください"}},
	NotForEmail: {Error,
		Text{"s= says that the key is not for mail", "「s=」の指定により、メールに使用できない鍵となっています"},
		Text{"remove s=", "「s=」の指定を削除してください"}},
	HashNotAllowed: {Error,
		Text{"h= does not allow sha256, with which we sign", "「h=」の指定により、署名に使用する sha256 が許可されていません"},
		Text{"remove h=", "「h=」の指定を削除してください"}},
	TestFlag: {Info,
		Text{"t=y says that the domain only tests DKIM", "「t=y」により、試験モードとなっています"},
		Text{"remove t=y when the test is over", "試験の終了後に「t=y」を削除してください"}},
	Malformed: {Error,
		Text{"the value cannot be read: {error}", "値の書式が正しくありません"},
		Text{"enter the value exactly as it was given", "ご案内の値をそのままご登録ください"}},

	ServersDisagree: {Error,
		Text{"the name servers disagree: {good} of {all} have the record", "ネームサーバの応答が一致していません(正しい応答:{all} 台中 {good} 台)"},
		Text{"wait until the change has reached all of them; if it lasts, ask the provider of the name servers", "反映までしばらくお待ちください。続く場合は、ネームサーバの提供元にお問い合わせください"}},
	ServerLags: {Warning,
		Text{"this name server has an older version of the zone: serial {serial} instead of {newest}", "このネームサーバのゾーン情報が古いままです(シリアル {serial}、最新は {newest})"},
		Text{"wait; if it lasts, the provider has to mend the transfer of the zone", "しばらくお待ちください。続く場合は、ネームサーバの提供元にお問い合わせください"}},
	ServerSilent: {Warning,
		Text{"this name server does not answer", "このネームサーバから応答がありません"},
		Text{"check again later; if it lasts, ask the provider of the name server", "時間をおいて再度確認いたします。続く場合は、ネームサーバの提供元にお問い合わせください"}},
	ServerWithoutTCP: {Warning,
		Text{"this name server's answer is too long for UDP, and it does not answer over TCP", "このネームサーバの応答は UDP の上限を超えていますが、TCP での応答がありません"},
		Text{"the provider of the name server has to open TCP port 53", "ネームサーバの提供元に、TCP 53 番ポートでの応答についてお問い合わせください"}},
	ServerLame: {Warning,
		Text{"this name server does not serve the zone ({error})", "このネームサーバは、ドメインの情報を提供していません({error})"},
		Text{"correct the list of name servers at the registrar, or have the zone set up on this one", "ドメインに設定されたネームサーバの一覧をご確認ください"}},
	ServerUnknown: {Warning,
		Text{"this name server's name has no address", "このネームサーバの名前に対応する IP アドレスがありません"},
		Text{"correct the list of name servers at the registrar", "ドメインに設定されたネームサーバの一覧をご確認ください"}},
	IPv6Only: {Warning,
		Text{"this name server has IPv6 addresses only, and there is no IPv6 here", "このネームサーバは IPv6 のみのため、こちらの環境からは確認できません"},
		Text{"check from a host with IPv6, or accept unreachable servers", "IPv6 の利用できる環境から確認してください"}},
	ZoneUnknown: {Error,
		Text{"the name servers of {domain} cannot be found: {error}", "「{domain}」のネームサーバを確認できませんでした"},
		Text{"check again later; look at the resolver too", "時間をおいて再度確認してください。リゾルバの状態もご確認ください"}},
	GaveUp: {Warning,
		Text{"the check ended early: there was too much to ask, or it took too long", "問い合わせの件数または所要時間が上限に達したため、確認を途中で終了しました"},
		Text{"check again later", "時間をおいて再度確認してください"}},

	NegativeCache: {Warning,
		Text{"all name servers have the record, but resolvers that asked earlier remember for up to {minutes} more minutes that there was none", "すべてのネームサーバに登録されていますが、以前の「レコードなし」の応答が最大 {minutes} 分間キャッシュに残ります"},
		Text{"wait {minutes} minutes", "最大 {minutes} 分お待ちください"}},
	StaleCache: {Warning,
		Text{"all name servers have the record, but resolvers remember its old value for up to {minutes} more minutes", "すべてのネームサーバに登録されていますが、以前の値が最大 {minutes} 分間キャッシュに残ります"},
		Text{"wait {minutes} minutes", "最大 {minutes} 分お待ちください"}},
	DNSSECFailure: {Error,
		Text{"DNSSEC of the zone is broken: receivers that validate get no record at all", "DNSSEC の検証に失敗しています。検証を行う受信側ではレコードを参照できません"},
		Text{"the provider of the name servers has to mend the signatures, or the registrar the DS record", "ネームサーバの提供元に DNSSEC の署名を、ドメインの登録事業者に DS レコードをご確認ください"}},
	ResolverFailed: {Warning,
		Text{"all name servers have the record, but the resolver gives no answer ({error})", "すべてのネームサーバに登録されていますが、リゾルバから応答を得られませんでした"},
		Text{"look at the resolver; check again later", "リゾルバの状態をご確認のうえ、時間をおいて再度確認してください"}},
}

// finding fills in the row of a code. The arguments are pairs of a name and what
// stands for it.
func finding(code Code, server string, wanted record.Record, args ...string) Finding {
	pairs := []string{"{host}", wanted.Host(), "{relative}", wanted.RelativeHost(), "{domain}", wanted.Domain}
	for i := 0; i < len(args); i += 2 {
		pairs = append(pairs, "{"+args[i]+"}", args[i+1])
	}
	fill := strings.NewReplacer(pairs...).Replace
	r := table[code]
	return Finding{
		Severity: r.severity,
		Code:     code,
		Server:   server,
		Text:     Text{fill(r.text.En), fill(r.text.Ja)},
		Hint:     Text{fill(r.hint.En), fill(r.hint.Ja)},
	}
}
