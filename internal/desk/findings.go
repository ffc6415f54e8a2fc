package desk

import "dkimd/keys/finding"

// The codes.
const (
	MixedNameServers finding.Code = "mixed_name_servers"
	SPFWithoutUs     finding.Code = "spf_without_us"
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
}

// Codes says what each code means.
func Codes() finding.Table { return table }
