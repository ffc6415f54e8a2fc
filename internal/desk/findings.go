package desk

import (
	"maps"

	"dkimd/keys/finding"
)

// The codes.
const (
	MixedNameServers finding.Code = "mixed_name_servers"
	SPFMissing       finding.Code = "spf_missing"
	SPFWithoutUs     finding.Code = "spf_without_us"
	SPFNotCorrect    finding.Code = "spf_not_correct"

	// A request.
	SenderUnchecked      finding.Code = "sender_unchecked"
	SenderNotRegistered  finding.Code = "sender_not_registered"
	NameServersElsewhere finding.Code = "name_servers_elsewhere"
	ValueNeeded          finding.Code = "value_needed"
	OtherDomain          finding.Code = "other_domain"
	OneSPF               finding.Code = "one_spf"
	SPFNeedsUs           finding.Code = "spf_needs_us"
	HostTaken            finding.Code = "host_taken"
	OtherCNAME           finding.Code = "other_cname"
	DKIMNotSeen          finding.Code = "dkim_not_seen"
	DMARCAfterSPF        finding.Code = "dmarc_after_spf"
	DMARCAfterDKIM       finding.Code = "dmarc_after_dkim"
	CNAMEReplaced        finding.Code = "cname_replaced"
	CNAMEInTheWay        finding.Code = "cname_in_the_way"
	AlreadyThere         finding.Code = "already_there"
	AlreadySigned        finding.Code = "already_signed"
	StandsThere          finding.Code = "stands_there"
)

// table says what each code means and what to do.
var table = finding.Table{
	MixedNameServers: finding.Means(finding.Error,
		"some of the domain's name servers are ours ({ours}), others are not ({others})",
		"弊社のネームサーバー({ours})と他社のネームサーバー({others})が混在しています",
		"correct the list of name servers at the registrar", "ドメインの登録事業者にて、ネームサーバーの設定をご確認ください"),
	SPFMissing: finding.Means(finding.Warning,
		"{domain} has no SPF record", "「{domain}」に SPF のレコードがありません",
		"it should be: {line}", "登録するレコード: {line}"),
	SPFWithoutUs: finding.Means(finding.Warning,
		"the SPF record of {domain} does not include {include}", "「{domain}」の SPF に「{include}」が含まれていません",
		"it should be: {line}", "変更後のレコード: {line}"),
	SPFNotCorrect: finding.Means(finding.Warning,
		"the SPF record of {domain} is not correct, and {include} cannot be added to it", "「{domain}」の SPF に誤りがあるため、「{include}」を追加できません",
		"{why}", "{why_ja}"),

	SenderUnchecked: finding.Means(finding.Warning,
		"the sender has to be compared with the registered addresses of {domain}", "「{domain}」の登録アドレスとの照合が必要です",
		"take the request only if it comes from one of them", "登録アドレスからのご依頼であることを確認してから受け付けてください"),
	SenderNotRegistered: finding.Means(finding.Error,
		"the sender's address is not a registered one of {domain}", "送信元のメールアドレスは、「{domain}」の登録メールアドレスではありません",
		"send the request from a registered address", "ご契約者様またはご担当者様の登録メールアドレスより、改めてお送りください"),
	NameServersElsewhere: finding.Means(finding.Error,
		"the name servers of {domain} are not ours", "「{domain}」のネームサーバーは弊社のものではないため、弊社ではレコードを登録できません",
		"the record is entered at their provider", "ネームサーバーの提供元でご設定ください"),
	ValueNeeded: finding.Means(finding.Error,
		"the mail server of {domain} is not ours: its provider knows host and value", "「{domain}」のメールサーバーは弊社のものではないため、DKIM のホスト名と値( VALUE )が必要です",
		"ask the provider of the mail server for host and value", "メールサーバーの提供元にご確認のうえ、ホスト名と値( VALUE )をお知らせください"),
	OtherDomain: finding.Means(finding.Error,
		"{typed} has no mail of its own", "「{typed}」はメールアドレスのドメイン名ではない可能性があります",
		"ask whether {domain} is meant", "メールアドレスの「@」以降のドメイン名をお知らせください。「{domain}」でよろしいでしょうか"),
	OneSPF: finding.Means(finding.Error,
		"a domain has one SPF record", "SPF のレコードは、1 つのドメインにつき 1 件のみ有効です",
		"give one value for all senders", "すべての送信元を 1 つの値にまとめてお知らせください"),
	SPFNeedsUs: finding.Means(finding.Error,
		"include:{include} is missing, or has no effect where it stands: our mail servers need it", "値( VALUE )に「include:{include}」がないか、有効な位置にありません。弊社メールサーバーからの送信に必要です",
		"say whether \"{value}\" may be entered", "「{value}」を登録してよろしいかをお知らせください"),
	HostTaken: finding.Means(finding.Error,
		"the record of a key of ours stands at {host}", "「{host}」には、弊社が署名に使用する鍵のレコードが登録されています",
		"choose another selector", "別のセレクタのホスト名をお知らせください"),
	OtherCNAME: finding.Means(finding.Warning,
		"{host} is no host of a DKIM key: it is a CNAME that the provider wants besides those", "「{host}」は DKIM の鍵のホスト名ではありません。提供元が DKIM とあわせて求める CNAME と思われます",
		"enter it as it is given", "ご指定のとおり登録してください"),
	DKIMNotSeen: finding.Means(finding.Warning,
		"whether {domain} has DKIM cannot be seen in DNS without its selector", "セレクタが分からないため、「{domain}」の DKIM の設定を DNS で確認できません",
		"look whether its mail is signed: DMARC needs DKIM", "DMARC の前提となる DKIM が設定済みであることを確認してください"),
	DMARCAfterSPF: finding.Means(finding.Warning,
		"DMARC presupposes SPF, which does not stand yet", "DMARC の前提となる SPF の設定が完了していません",
		"set SPF first, then enter this record", "SPF を設定した後に登録してください"),
	DMARCAfterDKIM: finding.Means(finding.Warning,
		"DMARC presupposes DKIM, which does not stand yet", "DMARC の前提となる DKIM の設定が完了していません",
		"set DKIM first, then enter this record", "DKIM を設定した後に登録してください"),
	CNAMEReplaced: finding.Means(finding.Warning,
		"there is a CNAME to {target} at {host}, beside which no other record may stand", "「{host}」に CNAME(参照先:{target})が登録されています。CNAME と他のレコードは併用できません",
		"tell the customer that the CNAME goes, and enter the record in its place; if the CNAME is to stay, the record belongs at its target", "CNAME を削除する旨をお客様にご連絡のうえ、削除してから登録してください。CNAME を残す場合は、参照先での登録が必要です"),
	CNAMEInTheWay: finding.Means(finding.Error,
		"there is a CNAME to {target} at {host}, beside which no SPF record may stand", "「{host}」に CNAME(参照先:{target})が登録されているため、SPF のレコードを登録できません",
		"say whether the CNAME is to go; if it is to stay, have the record entered at its target", "CNAME を削除してよろしいかをお知らせください。CNAME を残す場合は、参照先の提供元に SPF の登録をご依頼ください"),
	AlreadyThere: finding.Means(finding.Info,
		"DNS has this record already", "同じ内容のレコードがすでに登録されています",
		"there is nothing to enter", "登録の作業は必要ありません"),
	StandsThere: finding.Means(finding.Info,
		"this stands in our zone: {line}", "弊社のゾーンに登録されている行です: {line}",
		"it is not removed before the customer's wish is clear", "お客様のご希望を確認したうえで、削除の要否をご判断ください"),
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
