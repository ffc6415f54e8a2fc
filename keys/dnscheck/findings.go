package dnscheck

import (
	"dkimd/keys/finding"
	"dkimd/keys/record"
)

// The codes.
const (
	// There is nothing at the record's host.
	NothingThere      finding.Code = "not_published"
	NoDelegation      finding.Code = "no_delegation"
	DoubledDomain     finding.Code = "doubled_domain"
	MissingUnderscore finding.Code = "missing_underscore"
	WrongProvider     finding.Code = "wrong_provider"
	WildcardAnswer    finding.Code = "wildcard_answer"

	// There is something of another type.
	AddressInsteadOfTXT finding.Code = "address_instead_of_txt"
	CNAMEInsteadOfTXT   finding.Code = "cname_instead_of_txt"
	TXTInsteadOfCNAME   finding.Code = "txt_instead_of_cname"
	CNAMERelative       finding.Code = "cname_relative"
	CNAMELoop           finding.Code = "cname_loop"

	// The CNAME into our zone is not as it should be.
	CNAMEMissing      finding.Code = "cname_not_published"
	CNAMEProxied      finding.Code = "cname_proxied"
	CNAMEElsewhere    finding.Code = "cname_elsewhere"
	TXTAtCNAME        finding.Code = "txt_at_cname"
	TargetMissing     finding.Code = "target_missing"
	SpareCNAMEMissing finding.Code = "spare_cname_missing"
	StillPublished    finding.Code = "still_published"

	// There is another record.
	SeveralRecords finding.Code = "several_records"
	OldKey         finding.Code = "old_key"
	WrongHost      finding.Code = "wrong_host"
	OtherKey       finding.Code = "other_key"
	NotDKIM        finding.Code = "not_dkim"
	Revoked        finding.Code = "revoked"

	// The value is damaged.
	BadCharacters  finding.Code = "bad_characters"
	LiteralQuotes  finding.Code = "literal_quotes"
	Backslashes    finding.Code = "backslashes"
	CutAtSemicolon finding.Code = "cut_at_semicolon"
	Truncated      finding.Code = "truncated"
	WrongOrder     finding.Code = "wrong_order"
	SpacesInKey    finding.Code = "spaces_in_key"
	PEMArmour      finding.Code = "pem_armour"
	PKCS1          finding.Code = "pkcs1"
	PrivateKey     finding.Code = "private_key"
	WrongVersion   finding.Code = "wrong_version"
	WrongAlgorithm finding.Code = "wrong_algorithm"
	NotForEmail    finding.Code = "not_for_email"
	HashNotAllowed finding.Code = "hash_not_allowed"
	TestFlag       finding.Code = "test_flag"
	Malformed      finding.Code = "malformed"

	// The servers.
	ServersDisagree  finding.Code = "servers_disagree"
	ServerLags       finding.Code = "server_lags"
	ServerSilent     finding.Code = "server_silent"
	ServerWithoutTCP finding.Code = "server_without_tcp"
	ServerLame       finding.Code = "server_lame"
	ServerUnknown    finding.Code = "server_unknown"
	IPv6Only         finding.Code = "ipv6_only"
	ZoneUnknown      finding.Code = "zone_unknown"
	GaveUp           finding.Code = "gave_up"

	// The resolver.
	NegativeCache  finding.Code = "negative_cache"
	StaleCache     finding.Code = "stale_cache"
	DNSSECFailure  finding.Code = "dnssec_failure"
	ResolverFailed finding.Code = "resolver_failed"
)

// table says what each code means and what to do. Of the record, {host},
// {relative}, {domain} and, if it is a CNAME, its target {alias} are filled in
// everywhere; what else, the finding gives.
var table = finding.Table{
	NothingThere: finding.Means(finding.Error,
		"there is no record at {host}", "「{host}」に DKIM のレコードが登録されていません",
		"enter the TXT record; where the panel appends the domain, the host is {relative}", "TXT レコードをご登録ください。ドメイン名が自動で付加される画面では、ホスト名に「{relative}」のみをご入力ください"),
	NoDelegation: finding.Means(finding.Error,
		"the domain {domain} is in no name server: it is not registered, or has expired", "ドメイン「{domain}」のネームサーバーが設定されていません(未登録または失効の可能性があります)",
		"look at the domain's registration and its name servers", "ドメインの登録状況とネームサーバーの設定をご確認ください"),
	DoubledDomain: finding.Means(finding.Error,
		"the domain stands twice in the record's host: it is at {found}", "ホスト名にドメイン名が二重に付いています(現在のホスト名:「{found}」)",
		"the panel appends the domain: enter {relative} only", "ドメイン名は自動で付加されますので、ホスト名には「{relative}」のみをご入力ください"),
	MissingUnderscore: finding.Means(finding.Error,
		"the underscore is missing: the record is at {found}", "「_domainkey」の先頭のアンダーバー「_」が抜けています(現在のホスト名:「{found}」)",
		"the host is {host}", "ホスト名を「{host}」に修正してください"),
	WrongProvider: finding.Means(finding.Error,
		"the record is on {servers}, but the domain's name servers are {right}", "ご登録先のネームサーバー({servers})と、実際にご利用中のネームサーバー({right})が異なります",
		"enter the record at the provider of {right}", "ご利用中のネームサーバー({right})の提供元の管理画面でご登録ください"),
	WildcardAnswer: finding.Means(finding.Error,
		"what is at {host} comes from a wildcard (*), not from a record of its own", "「{host}」の応答はワイルドカード(*)のレコードによるもので、DKIM のレコードは登録されていません",
		"enter the TXT record at {host}", "「{host}」の TXT レコードを個別にご登録ください"),

	AddressInsteadOfTXT: finding.Means(finding.Error,
		"there is an IP address at {host}, and no TXT record", "「{host}」に IP アドレスが登録されており、TXT レコードがありません",
		"remove the address and enter the TXT record", "IP アドレスのレコードを削除し、TXT レコードをご登録ください"),
	CNAMEInsteadOfTXT: finding.Means(finding.Error,
		"{host} is a CNAME to {target}, where there is no record", "「{host}」に CNAME が登録されていますが、参照先「{target}」にレコードがありません",
		"remove the CNAME and enter the TXT record; or, if the CNAME is meant, have the record published at its target", "CNAME を削除し、TXT レコードをご登録ください。CNAME をご利用の場合は、参照先の名前に誤りがないかをご確認ください"),
	TXTInsteadOfCNAME: finding.Means(finding.Error,
		"the target of a CNAME stands in a TXT record: {value}", "CNAME の参照先が TXT レコードとして登録されています({value})",
		"change the record's type to CNAME", "レコードの種別を TXT から CNAME に変更してください"),
	CNAMERelative: finding.Means(finding.Error,
		"the target of the CNAME has a domain appended: {target}", "CNAME の参照先の末尾にドメイン名が付加されています({target})",
		"end the target with a dot: {meant}.", "参照先の末尾に「.」を付け、「{meant}.」とご入力ください"),
	CNAMELoop: finding.Means(finding.Error,
		"the CNAMEs go round in a circle, or are too many: {target}", "CNAME の参照が循環しているか、段数が多すぎます({target})",
		"remove the CNAME and enter the record as it was given", "CNAME を削除し、ご案内のとおりのレコードをご登録ください"),

	CNAMEMissing: finding.Means(finding.Error,
		"there is no CNAME at {host}", "「{host}」に CNAME が登録されていません",
		"enter the CNAME to {alias}; where the panel appends the domain, the host is {relative}", "「{alias}」を参照先とする CNAME をご登録ください。ドメイン名が自動で付加される画面では、ホスト名に「{relative}」のみをご入力ください"),
	CNAMEProxied: finding.Means(finding.Error,
		"there is an IP address at {host}, and no CNAME: a CNAME behind a proxy looks like that", "「{host}」に IP アドレスが登録されています(CNAME のプロキシ機能が有効な場合にもこの状態になります)",
		"switch the proxy off for this CNAME (\"DNS only\")", "「{host}」の CNAME のプロキシを無効(DNS のみ)にしてください"),
	CNAMEElsewhere: finding.Means(finding.Error,
		"{host} is a CNAME to {target}, not to {alias}", "「{host}」の CNAME の参照先が「{target}」となっており、ご案内の「{alias}」と異なります",
		"change its target to {alias}", "CNAME の参照先を「{alias}」に変更してください"),
	TXTAtCNAME: finding.Means(finding.Error,
		"there is a TXT record at {host}, where a CNAME belongs: it would hold up the next change of keys", "「{host}」に CNAME ではなく TXT レコードが登録されています。このままでは、次回の鍵の更新時に認証に失敗します",
		"remove it and enter the CNAME to {alias}", "TXT レコードを削除し、「{alias}」を参照先とする CNAME をご登録ください"),
	TargetMissing: finding.Means(finding.Error,
		"the CNAME is right, but our own zone has no record at {alias}", "CNAME は正しく登録されています。弊社側のレコードの公開をお待ちください",
		"publish it: dkimctl publish {domain}, or dkimctl record {domain} --target", "お客様にて行っていただく作業はございません"),
	SpareCNAMEMissing: finding.Means(finding.Warning,
		"the CNAME at {host} for the next key is not there, or leads elsewhere", "次回の鍵の更新に使用する「{host}」の CNAME が登録されていないか、参照先が異なります",
		"enter the CNAME to {alias}", "「{alias}」を参照先とする CNAME をご登録ください"),

	StillPublished: finding.Means(finding.Error,
		"the key is revoked, but its record is still in our own zone: {host}", "失効した鍵のレコードが弊社ゾーンに残っています({host})",
		"take it out: dkimctl publish {customer} --remove", "弊社側で削除してください: dkimctl publish {customer} --remove"),

	SeveralRecords: finding.Means(finding.Error,
		"there are {count} TXT records at {host}: receivers reject that, even if one is right", "「{host}」に TXT レコードが {count} 件あります。正しい値が含まれていても、認証に失敗します",
		"leave only the record that was given", "ご案内の 1 件のみを残し、ほかの TXT レコードを削除してください"),
	OldKey: finding.Means(finding.Error,
		"an old key of this domain is still there", "以前の鍵のレコードが残っています",
		"replace the value with the new one", "値を新しいものに置き換えてください"),
	WrongHost: finding.Means(finding.Error,
		"the key that belongs to {right} is at {found}", "「{right}」に登録いただく鍵が、「{found}」に登録されています",
		"enter each value at its own host; the host of this one is {host}, or {relative} where the panel appends the domain", "この値のホスト名は「{host}」です(ドメイン名が自動で付加される画面では「{relative}」)。値とホスト名の組み合わせをご確認のうえ、登録し直してください"),
	OtherKey: finding.Means(finding.Error,
		"there is a DKIM key at {host}, but it is not ours", "「{host}」に、ご案内とは異なる DKIM の鍵が登録されています",
		"replace the value with the one that was given, unless another service needs it", "別のサービスでご利用中でないことをご確認のうえ、値をご案内のものに置き換えてください"),
	NotDKIM: finding.Means(finding.Error,
		"what is at {host} is no DKIM record: {value}", "「{host}」に登録されている値は DKIM のレコードではありません({value})",
		"replace the value with the one that was given", "値をご案内のものに置き換えてください"),
	Revoked: finding.Means(finding.Error,
		"the record says that the key is revoked: p= is empty", "失効済みの鍵として登録されています(p= が空です)",
		"enter the whole value that was given", "ご案内の値全体をご登録ください"),

	BadCharacters: finding.Means(finding.Error,
		"the value contains a character that does not belong there: {character}", "値に全角文字、特殊な引用符、または制御文字が含まれています({character})",
		"copy the value from the attached text file, not from a document or a chat", "添付のテキストファイルから値をコピーし直してください"),
	LiteralQuotes: finding.Means(finding.Error,
		"quotation marks have become part of the value", "引用符「\"」が値の一部として登録されています",
		"enter the value without quotation marks, in one piece", "値の「\"」を除き、1 行でご登録ください"),
	Backslashes: finding.Means(finding.Error,
		"backslashes have become part of the value", "「\\」(円記号)が値の一部として登録されています",
		"enter the value without backslashes", "値の「\\」を除いてください"),
	CutAtSemicolon: finding.Means(finding.Error,
		"the value ends at the first semicolon: only v=DKIM1 is there", "値が最初の「;」で切れており、「v=DKIM1」のみが登録されています",
		"put the whole value between quotation marks", "値全体を「\"」で囲んでください"),
	Truncated: finding.Means(finding.Error,
		"a part of the value is missing: {length} bytes are there, {full} were given", "値の一部が欠けています({length} 文字。ご案内の値は {full} 文字です)",
		"enter the value in strings of at most 255 bytes; if the panel does not take them, say so", "分割形式の値をお試しください。分割形式でも登録できないときは、お知らせください"),
	WrongOrder: finding.Means(finding.Error,
		"the strings of the value are in the wrong order", "分割した文字列の順序が逆になっています",
		"enter them in the order in which they were given", "ご案内の順序でご登録ください"),
	SpacesInKey: finding.Means(finding.Warning,
		"there are spaces or line ends inside the key", "鍵の途中に空白または改行が入っています。動作しない場合があります",
		"remove them: not every receiver copes", "空白および改行を取り除いてください"),
	PEMArmour: finding.Means(finding.Error,
		"the value contains the lines BEGIN and END of a key file", "値に鍵ファイルの「-----BEGIN …-----」の行が含まれています",
		"enter the value that was given instead", "ご案内の値をそのままご登録ください"),
	PKCS1: finding.Means(finding.Error,
		"the key is in the form PKCS #1, which many receivers do not read", "鍵の形式が PKCS #1 です。多くの受信側で認証に失敗します",
		"enter the value that was given: its p= begins with MIIBIjAN or similar", "ご案内の値をそのままご登録ください"),
	PrivateKey: finding.Means(finding.Critical,
		"a private key is published at {host}: whoever reads it can sign as {domain}", "「{host}」に秘密鍵が公開されています。第三者が「{domain}」の署名を作成できる状態です",
		"revoke that key at once, remove the record, and publish a new key", "ただちにレコードを削除してください。該当の鍵は失効とし、新しい鍵をご案内いたします"),
	WrongVersion: finding.Means(finding.Error,
		"v=DKIM1 does not stand first, or is written differently", "「v=DKIM1」が先頭にないか、表記が異なります",
		"begin the value with v=DKIM1", "値の先頭を「v=DKIM1」としてください"),
	WrongAlgorithm: finding.Means(finding.Error,
		"k= says {found}, which is not the algorithm of the key", "「k=」の値({found})が鍵の方式と異なります",
		"enter the value as it was given, in lower case", "ご案内の値のとおり、小文字でご登録ください"),
	NotForEmail: finding.Means(finding.Error,
		"s= says that the key is not for mail", "「s=」の指定により、メールに使用できない鍵となっています",
		"remove s=", "「s=」の指定を削除してください"),
	HashNotAllowed: finding.Means(finding.Error,
		"h= does not allow sha256, with which we sign", "「h=」の指定により、署名に使用する sha256 が許可されていません",
		"remove h=", "「h=」の指定を削除してください"),
	TestFlag: finding.Means(finding.Info,
		"t=y says that the domain only tests DKIM", "「t=y」により、試験モードとなっています",
		"remove t=y when the test is over", "試験の終了後に「t=y」を削除してください"),
	Malformed: finding.Means(finding.Error,
		"the value cannot be read: {error}", "値の書式が正しくありません",
		"enter the value exactly as it was given", "ご案内の値をそのままご登録ください"),

	ServersDisagree: finding.Means(finding.Error,
		"the name servers disagree: {good} of {all} have the record", "ネームサーバーの応答が一致していません(正しい応答:{all} 台中 {good} 台)",
		"wait until the change has reached all of them; if it lasts, ask the provider of the name servers", "反映までしばらくお待ちください。続く場合は、ネームサーバーの提供元にお問い合わせください"),
	ServerLags: finding.Means(finding.Warning,
		"this name server has an older version of the zone: serial {serial} instead of {newest}", "このネームサーバーのゾーン情報が古いままです(シリアル {serial}、最新は {newest})",
		"wait; if it lasts, the provider has to mend the transfer of the zone", "しばらくお待ちください。続く場合は、ネームサーバーの提供元にお問い合わせください"),
	ServerSilent: finding.Means(finding.Warning,
		"this name server does not answer", "このネームサーバーから応答がありません",
		"check again later; if it lasts, ask the provider of the name server", "時間をおいて再度確認いたします。続く場合は、ネームサーバーの提供元にお問い合わせください"),
	ServerWithoutTCP: finding.Means(finding.Warning,
		"this name server's answer is too long for UDP, and it does not answer over TCP", "このネームサーバーの応答は UDP の上限を超えていますが、TCP での応答がありません",
		"the provider of the name server has to open TCP port 53", "ネームサーバーの提供元に、TCP 53 番ポートでの応答についてお問い合わせください"),
	ServerLame: finding.Means(finding.Warning,
		"this name server does not serve the zone ({error})", "このネームサーバーは、ドメインの情報を提供していません({error})",
		"correct the list of name servers at the registrar, or have the zone set up on this one", "ドメインに設定されたネームサーバーの一覧をご確認ください"),
	ServerUnknown: finding.Means(finding.Warning,
		"this name server's name has no address", "このネームサーバーの名前に対応する IP アドレスがありません",
		"correct the list of name servers at the registrar", "ドメインに設定されたネームサーバーの一覧をご確認ください"),
	IPv6Only: finding.Means(finding.Warning,
		"this name server has IPv6 addresses only, and there is no IPv6 here", "このネームサーバーは IPv6 のみのため、こちらの環境からは確認できません",
		"check from a host with IPv6, or accept unreachable servers", "IPv6 の利用できる環境から確認してください"),
	ZoneUnknown: finding.Means(finding.Error,
		"the name servers of {domain} cannot be found: {error}", "「{domain}」のネームサーバーを確認できませんでした",
		"check again later; look at the resolver too", "時間をおいて再度確認してください。リゾルバの状態もご確認ください"),
	GaveUp: finding.Means(finding.Warning,
		"the check ended early: there was too much to ask, or it took too long", "問い合わせの件数または所要時間が上限に達したため、確認を途中で終了しました",
		"check again later", "時間をおいて再度確認してください"),

	NegativeCache: finding.Means(finding.Warning,
		"all name servers have the record, but resolvers that asked earlier remember for up to {minutes} more minutes that there was none", "すべてのネームサーバーに登録されていますが、以前の「レコードなし」の応答が最大 {minutes} 分間キャッシュに残ります",
		"wait {minutes} minutes", "最大 {minutes} 分お待ちください"),
	StaleCache: finding.Means(finding.Warning,
		"all name servers have the record, but resolvers remember its old value for up to {minutes} more minutes", "すべてのネームサーバーに登録されていますが、以前の値が最大 {minutes} 分間キャッシュに残ります",
		"wait {minutes} minutes", "最大 {minutes} 分お待ちください"),
	DNSSECFailure: finding.Means(finding.Error,
		"DNSSEC of the zone is broken: receivers that validate get no record at all", "DNSSEC の検証に失敗しています。検証を行う受信側ではレコードを参照できません",
		"the provider of the name servers has to mend the signatures, or the registrar the DS record", "ネームサーバーの提供元に DNSSEC の署名を、ドメインの登録事業者に DS レコードをご確認ください"),
	ResolverFailed: finding.Means(finding.Warning,
		"all name servers have the record, but the resolver gives no answer ({error})", "すべてのネームサーバーに登録されていますが、リゾルバから応答を得られませんでした",
		"look at the resolver; check again later", "リゾルバの状態をご確認のうえ、時間をおいて再度確認してください"),
}

// newFinding returns a finding about the wanted record, which is in the zone, if that
// is known.
func newFinding(code finding.Code, wanted record.Record, zone string, fill ...string) finding.Finding {
	relative := wanted.RelativeHost()
	if zone != "" {
		relative = wanted.RelativeTo(zone)
	}
	return table.New(code, append(fill, "host", wanted.Host(), "relative", relative, "domain", wanted.Domain, "alias", wanted.Value())...)
}

// NotWithdrawn is what there is to say of a revoked key of a customer whose TXT record
// is still in our own zone.
func NotWithdrawn(txt record.Record, customer string) finding.Finding {
	return newFinding(StillPublished, txt, "", "customer", customer)
}

// Codes says what each code means.
func Codes() finding.Table { return table }
