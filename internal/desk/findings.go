package desk

import (
	"maps"

	"dkimd/keys/finding"
)

// The codes.
const (
	MixedNameServers finding.Code = "mixed_name_servers"
	SPFWithoutUs     finding.Code = "spf_without_us"

	// A request.
	SenderUnchecked      finding.Code = "sender_unchecked"
	SenderNotRegistered  finding.Code = "sender_not_registered"
	NameServersElsewhere finding.Code = "name_servers_elsewhere"
	ValueNeeded          finding.Code = "value_needed"
	HostTaken            finding.Code = "host_taken"
	SeveralValues        finding.Code = "several_values"
	DKIMNotSeen          finding.Code = "dkim_not_seen"
	AlreadyThere         finding.Code = "already_there"
	AlreadySigned        finding.Code = "already_signed"
)

// table says what each code means and what to do.
var table = finding.Table{
	MixedNameServers: finding.Means(finding.Error,
		"some of the domain's name servers are ours ({ours}), others are not ({others})",
		"弊社のネームサーバ({ours})と他社のネームサーバ({others})が混在しています",
		"correct the list of name servers at the registrar", "ドメインの登録事業者にて、ネームサーバの設定をご確認ください"),
	SPFWithoutUs: finding.Means(finding.Warning,
		"the SPF record of {domain} in our own name servers does not include {include}, or is not correct",
		"弊社ネームサーバの「{domain}」の SPF に「{include}」が含まれていないか、書式に誤りがあります",
		"correct it before the letter goes out", "連絡の前に修正してください"),

	SenderUnchecked: finding.Means(finding.Warning,
		"the sender has to be compared with the registered addresses of {domain}", "「{domain}」の登録アドレスとの照合が必要です",
		"take the request only if it comes from one of them", "登録アドレスからのご依頼であることを確認してから受け付けてください"),
	SenderNotRegistered: finding.Means(finding.Error,
		"the sender's address is not a registered one of {domain}", "送信元のメールアドレスは、「{domain}」の登録メールアドレスではありません",
		"send the request from a registered address", "ご契約者様またはご担当者様の登録メールアドレスより、改めてお送りください"),
	NameServersElsewhere: finding.Means(finding.Error,
		"the name servers of {domain} are not ours", "「{domain}」のネームサーバは弊社のものではないため、弊社ではレコードを登録できません",
		"the record is entered at their provider", "ネームサーバの提供元でご設定ください"),
	ValueNeeded: finding.Means(finding.Error,
		"the mail server of {domain} is not ours: its provider knows host and value", "「{domain}」のメールサーバは弊社のものではないため、DKIM のホスト名と値( VALUE )が必要です",
		"ask the provider of the mail server for host and value", "メールサーバの提供元にご確認のうえ、ホスト名と値( VALUE )をお知らせください"),
	HostTaken: finding.Means(finding.Error,
		"the record of a key of ours stands at {host}", "「{host}」には、弊社が署名に使用する鍵のレコードが登録されています",
		"choose another selector", "別のセレクタのホスト名をお知らせください"),
	SeveralValues: finding.Means(finding.Error,
		"several values are asked for at {host}", "「{host}」に登録する値が複数記載されています",
		"choose one", "登録する値を 1 つお知らせください"),
	DKIMNotSeen: finding.Means(finding.Warning,
		"whether {domain} has DKIM cannot be seen in DNS without its selector", "セレクタが分からないため、「{domain}」の DKIM の設定を DNS で確認できません",
		"look whether its mail is signed: DMARC needs DKIM", "DMARC の前提となる DKIM が設定済みであることを確認してください"),
	AlreadyThere: finding.Means(finding.Info,
		"DNS has this record already", "同じ内容のレコードがすでに登録されています",
		"there is nothing to enter", "登録の作業は必要ありません"),
	AlreadySigned: finding.Means(finding.Info,
		"mail of {domain} is signed already", "「{domain}」のメールにはすでに署名しています",
		"there is nothing to do but to say so", "設定済みである旨をご連絡ください"),
}

// Codes says what each code means.
func Codes() finding.Table {
	all := maps.Clone(table)
	maps.Copy(all, noLetters)
	return all
}
