package lint

import "dkimd/keys/finding"

// The codes.
const (
	// Any record. The codes of damaged values are those of the check of DNS.
	UnknownKind       finding.Code = "unknown_kind"
	BadHost           finding.Code = "bad_host"
	DoubledDomain     finding.Code = "doubled_domain"
	MissingUnderscore finding.Code = "missing_underscore"
	BadCharacters     finding.Code = "bad_characters"
	LiteralQuotes     finding.Code = "literal_quotes"
	Backslashes       finding.Code = "backslashes"
	LineBreak         finding.Code = "line_break"
	PEMArmour         finding.Code = "pem_armour"
	PrivateKey        finding.Code = "private_key"
	LongValue         finding.Code = "long_value"
	NoAnswer          finding.Code = "no_answer"

	// SPF: the record as it is written.
	SPFVersion         finding.Code = "spf_version"
	SPFVersionTwice    finding.Code = "spf_version_twice"
	SPFSyntax          finding.Code = "spf_syntax"
	SPFJoined          finding.Code = "spf_joined"
	SPFModifierTwice   finding.Code = "spf_modifier_twice"
	SPFUnknownModifier finding.Code = "spf_unknown_modifier"
	SPFPassAll         finding.Code = "spf_pass_all"
	SPFEverybody       finding.Code = "spf_everybody"
	SPFBroad           finding.Code = "spf_broad"
	SPFNeutralAll      finding.Code = "spf_neutral_all"
	SPFNoAll           finding.Code = "spf_no_all"
	SPFAfterAll        finding.Code = "spf_after_all"
	SPFRedirectIgnored finding.Code = "spf_redirect_ignored"
	SPFPtr             finding.Code = "spf_ptr"
	SPFHostBits        finding.Code = "spf_host_bits"
	SPFIncludeMissing  finding.Code = "spf_include_missing"

	// SPF: with what DNS has.
	SPFNone           finding.Code = "spf_none"
	SPFSeveral        finding.Code = "spf_several"
	SPFNotPublished   finding.Code = "spf_not_published"
	SPFDiffers        finding.Code = "spf_differs"
	SPFLong           finding.Code = "spf_long"
	SPFLookups        finding.Code = "spf_lookups"
	SPFVoids          finding.Code = "spf_voids"
	SPFManyMX         finding.Code = "spf_many_mx"
	SPFDangling       finding.Code = "spf_dangling"
	SPFMacro          finding.Code = "spf_macro"
	SPFLoop           finding.Code = "spf_loop"
	SPFIncludeWithout finding.Code = "spf_include_without"
	SPFIncludeSeveral finding.Code = "spf_include_several"
	SPFIncludeBroken  finding.Code = "spf_include_broken"
	SPFIncludePassAll finding.Code = "spf_include_pass_all"

	// DMARC: the host, and what DNS has there.
	DMARCHost         finding.Code = "dmarc_host"
	DMARCAtDomain     finding.Code = "dmarc_at_domain"
	DMARCNone         finding.Code = "dmarc_none"
	DMARCSeveral      finding.Code = "dmarc_several"
	DMARCNotPublished finding.Code = "dmarc_not_published"
	DMARCDiffers      finding.Code = "dmarc_differs"

	// DMARC: the record.
	NotDMARC           finding.Code = "not_dmarc"
	DMARCVersion       finding.Code = "dmarc_version"
	DMARCSyntax        finding.Code = "dmarc_syntax"
	DMARCEmptyTag      finding.Code = "dmarc_empty_tag"
	DMARCTagTwice      finding.Code = "dmarc_tag_twice"
	DMARCBadPolicy     finding.Code = "dmarc_bad_policy"
	DMARCBadValue      finding.Code = "dmarc_bad_value"
	DMARCNoPolicy      finding.Code = "dmarc_no_policy"
	DMARCNoEffect      finding.Code = "dmarc_no_effect"
	DMARCPolicyLate    finding.Code = "dmarc_policy_late"
	DMARCTestMode      finding.Code = "dmarc_test_mode"
	DMARCPublicSuffix  finding.Code = "dmarc_public_suffix"
	DMARCPct           finding.Code = "dmarc_pct"
	DMARCRemovedTag    finding.Code = "dmarc_removed_tag"
	DMARCUnknownTag    finding.Code = "dmarc_unknown_tag"
	DMARCOptionsUnused finding.Code = "dmarc_options_unused"

	// DMARC: reports.
	DMARCNoReports    finding.Code = "dmarc_no_reports"
	DMARCSize         finding.Code = "dmarc_size"
	DMARCNoMailto     finding.Code = "dmarc_no_mailto"
	DMARCNotMail      finding.Code = "dmarc_not_mail"
	DMARCBadAddress   finding.Code = "dmarc_bad_address"
	DMARCPercent      finding.Code = "dmarc_percent"
	DMARCUnauthorized finding.Code = "dmarc_unauthorized"

	// DMARC: what has to stand before.
	DMARCNeedsSPF  finding.Code = "dmarc_needs_spf"
	DMARCNeedsDKIM finding.Code = "dmarc_needs_dkim"

	// DKIM.
	DKIMHost          finding.Code = "dkim_host"
	DKIMNoSelector    finding.Code = "dkim_no_selector"
	NotDKIM           finding.Code = "not_dkim"
	TXTInsteadOfCNAME finding.Code = "txt_instead_of_cname"
	CutAtSemicolon    finding.Code = "cut_at_semicolon"
	Truncated         finding.Code = "truncated"
	Malformed         finding.Code = "malformed"
	WrongVersion      finding.Code = "wrong_version"
	NoVersion         finding.Code = "no_version"
	Revoked           finding.Code = "revoked"
	WrongAlgorithm    finding.Code = "wrong_algorithm"
	PKCS1             finding.Code = "pkcs1"
	Ed25519Form       finding.Code = "ed25519_form"
	NoKey             finding.Code = "no_key"
	WeakKey           finding.Code = "weak_key"
	ShortKey          finding.Code = "short_key"
	LongKey           finding.Code = "long_key"
	NotForEmail       finding.Code = "not_for_email"
	HashNotAllowed    finding.Code = "hash_not_allowed"
	TestFlag          finding.Code = "test_flag"
	StrictFlag        finding.Code = "strict_flag"
	Granularity       finding.Code = "granularity"
	SpacesInKey       finding.Code = "spaces_in_key"

	// DKIM: a CNAME to the record of another company.
	CNAMETarget      finding.Code = "cname_target"
	CNAMELoop        finding.Code = "cname_loop"
	CNAMEClash       finding.Code = "cname_clash"
	CNAMENoKey       finding.Code = "cname_no_key"
	CNAMEBadKey      finding.Code = "cname_bad_key"
	CNAMENoDomainkey finding.Code = "cname_no_domainkey"
)

// table says what each code means and what to do.
var table = finding.Table{
	UnknownKind: finding.Means(finding.Error,
		"neither host nor value says whether this is SPF, DMARC or DKIM", "ホスト名と値からは、SPF、DMARC、DKIM のいずれかを判定できません",
		"say which kind it is", "種類を指定してください"),
	BadHost: finding.Means(finding.Error,
		"{host} is not a host name that a record can have", "ホスト名({host})の書式が正しくありません",
		"give the host as a whole, with the domain", "ドメイン名までを含めたホスト名をご確認ください"),
	DoubledDomain: finding.Means(finding.Error,
		"the domain stands twice in the host", "ホスト名にドメイン名が二重に付いています",
		"the host is {host}; where the panel appends the domain, enter {relative} only", "正しいホスト名は「{host}」です。ドメイン名が自動で付加される画面では「{relative}」のみをご入力ください"),
	MissingUnderscore: finding.Means(finding.Error,
		"the underscore of {label} is missing in the host", "ホスト名の「{label}」の先頭のアンダーバー「_」が抜けています",
		"the host is {host}", "ホスト名を「{host}」に修正してください"),
	BadCharacters: finding.Means(finding.Error,
		"the value contains a character that does not belong there: {character}", "値に全角文字、特殊な引用符、または制御文字が含まれています({character})",
		"copy the value from a text file, not from a document or a chat", "テキストファイルなどから、半角文字のみの値をコピーし直してください"),
	LiteralQuotes: finding.Means(finding.Error,
		"there are quotation marks in the value", "値に引用符「\"」が含まれています",
		"enter the value without quotation marks, in one piece", "値の「\"」を除き、1 行でご登録ください"),
	Backslashes: finding.Means(finding.Error,
		"there are backslashes in the value", "値に「\\」(円記号)が含まれています",
		"enter the value without backslashes", "値の「\\」を除いてください"),
	LineBreak: finding.Means(finding.Error,
		"there is a line end or a tab in the value", "値の途中に改行またはタブが含まれています",
		"enter the value in one line", "値を 1 行にしてください"),
	PEMArmour: finding.Means(finding.Error,
		"the value contains the lines BEGIN and END of a key file", "値に鍵ファイルの「-----BEGIN …-----」の行が含まれています",
		"the value of p= is what stands between these lines, in one line", "「p=」には、鍵ファイルの最初と最後の行を除いた部分を 1 行でご記入ください"),
	PrivateKey: finding.Means(finding.Critical,
		"the value is a private key: whoever has read it can sign as {domain}", "値が秘密鍵となっています。秘密鍵を知る第三者は「{domain}」の署名を作成できます",
		"never publish it; make a new key pair, and give out the public key only", "DNS には登録しないでください。該当の鍵は使用せず、新しい鍵を作成のうえ、公開鍵のみをお知らせください"),
	LongValue: finding.Means(finding.Info,
		"the value has {length} bytes: in a zone file it needs several strings of at most 255", "値が {length} 文字のため、ゾーンファイルでは 255 文字以内の文字列に分割する必要があります",
		"some panels do this by themselves, others want the strings", "自動で分割される管理画面と、分割形式での入力が必要な管理画面があります"),
	NoAnswer: finding.Means(finding.Warning,
		"DNS gives no answer about {name}: this was not checked", "「{name}」について DNS の応答がないため、確認できませんでした",
		"check again later; if it lasts, ask the provider of the name server", "時間をおいて再度ご確認ください。続く場合は、ネームサーバーの提供元にお問い合わせください"),

	SPFVersion: finding.Means(finding.Error,
		"the value is no SPF record: {value}", "値が SPF のレコードではありません({value})",
		"begin the value with v=spf1 and a space", "値の先頭を「v=spf1」とし、その後に半角空白を入れてください"),
	SPFVersionTwice: finding.Means(finding.Error,
		"two SPF records stand behind each other in one value", "1 つの値に「v=spf1」が複数含まれています",
		"make one record of them: one v=spf1, and one all at the end", "1 つのレコードにまとめ、「v=spf1」は先頭に、「~all」などは末尾に 1 つのみとしてください"),
	SPFSyntax: finding.Means(finding.Error,
		"{term} cannot be read, and so receivers ignore the whole record: {error}", "{term} の書式が正しくありません。レコード全体がエラーとなります",
		"correct or remove it", "該当の部分を修正または削除してください"),
	SPFJoined: finding.Means(finding.Error,
		"a space is missing inside {term}", "{term} の途中に必要な半角空白がありません",
		"put a space between the two; the strings of a record are joined without one", "区切りに半角空白を入れてください。値を分割して登録する場合、文字列は空白なしで連結されます"),
	SPFModifierTwice: finding.Means(finding.Error,
		"{name}= stands twice, and so receivers ignore the whole record", "「{name}=」が複数あります。レコード全体がエラーとなります",
		"leave one", "1 つのみとしてください"),
	SPFUnknownModifier: finding.Means(finding.Warning,
		"{term} means nothing to receivers", "{term} は受信側で無視されます",
		"remove it; if a mechanism is meant, a colon follows its name", "削除してください。機構(include など)の場合は、名前の後に「:」を付けてください"),
	SPFPassAll: finding.Means(finding.Error,
		"+all lets every server in the world send as this domain", "「+all」により、すべてのサーバーからの送信が許可されています",
		"end the record with ~all or -all", "末尾を「~all」または「-all」としてください"),
	SPFEverybody: finding.Means(finding.Error,
		"{term} means all addresses of IPv4 or IPv6: every server in the world may send as this domain", "{term} はすべての IPv4 または IPv6 アドレスを意味するため、すべてのサーバーからの送信が許可されています",
		"list the addresses of your servers only, or correct the number behind the slash", "送信に使用するサーバーのみを記述するか、「/」の後のプレフィックス長を修正してください"),
	SPFBroad: finding.Means(finding.Warning,
		"{term} means more addresses than one organization has: servers of strangers may send as this domain", "{term} の範囲が広すぎるため、第三者のサーバーからの送信も許可されている可能性があります",
		"list the addresses of your servers only, or correct the number behind the slash", "送信に使用するサーバーのみを記述するか、「/」の後のプレフィックス長を修正してください"),
	SPFNeutralAll: finding.Means(finding.Warning,
		"?all says nothing about servers that are not listed", "「?all」では、記載のないサーバーからの送信について判定されません",
		"end the record with ~all or -all", "末尾を「~all」または「-all」としてください"),
	SPFNoAll: finding.Means(finding.Warning,
		"the record does not say what to do with servers that are not listed", "記載のないサーバーからの送信についての指定(「~all」など)がありません",
		"end the record with ~all or -all", "末尾に「~all」または「-all」を追記してください"),
	SPFAfterAll: finding.Means(finding.Warning,
		"what stands behind all has no effect: {terms}", "「all」より後の記述は無視されます({terms})",
		"put it before all", "「all」の前に移動してください"),
	SPFRedirectIgnored: finding.Means(finding.Warning,
		"redirect= has no effect beside all", "「all」があるため、「redirect=」は無視されます",
		"remove one of the two", "いずれか一方を削除してください"),
	SPFPtr: finding.Means(finding.Warning,
		"ptr is slow and unreliable, and should not be used", "「ptr」の使用は推奨されていません",
		"list the addresses with ip4 and ip6 instead", "「ip4」「ip6」などによる記述に変更してください"),
	SPFHostBits: finding.Means(finding.Info,
		"{term} means the whole network {network}", "{term} は、ネットワーク {network} 全体を意味します",
		"write {network}, or only the address if one server is meant", "{network} と記述するか、1 台のサーバーのみの場合はプレフィックス長を除いてください"),
	SPFIncludeMissing: finding.Means(finding.Error,
		"include:{include} is missing, or has no effect where it stands", "「include:{include}」がないか、有効な位置にありません",
		"put include:{include} before all", "「~all」などの前に「include:{include}」を追記してください"),

	SPFNone: finding.Means(finding.Error,
		"{domain} has no SPF record", "「{domain}」に SPF のレコードが登録されていません",
		"enter one, of type TXT", "TXT レコードとしてご登録ください"),
	SPFSeveral: finding.Means(finding.Error,
		"{domain} has {count} SPF records: receivers then use none", "「{domain}」に SPF のレコードが {count} 件あります。複数ある場合はエラーとなります",
		"make one record of them", "1 件のレコードにまとめてください"),
	SPFNotPublished: finding.Means(finding.Info,
		"{domain} has no SPF record yet", "「{domain}」に SPF のレコードはまだ登録されていません",
		"enter this one, of type TXT", "TXT レコードとして新規にご登録ください"),
	SPFDiffers: finding.Means(finding.Info,
		"{domain} has another SPF record now: {value}", "「{domain}」には現在、別の SPF のレコードが登録されています({value})",
		"replace it: a second one would spoil both", "新規に追加せず、既存の値を変更してください(2 件になるとエラーとなります)"),
	SPFLong: finding.Means(finding.Warning,
		"the name {domain} and its TXT records have {length} bytes together, which may be too long for an answer of DNS", "「{domain}」の名前と TXT レコードの合計が {length} バイトとなり、DNS の応答に収まらない可能性があります",
		"remove what is no longer needed", "不要になった記述やレコードを削除してください"),
	SPFLookups: finding.Means(finding.Error,
		"the record needs {count} look-ups in DNS, and 10 are allowed: receivers ignore it", "DNS の参照回数が {count} 回となり、上限の 10 回を超えています。レコード全体がエラーとなります",
		"remove includes that are no longer needed, or list addresses instead", "不要になった「include」などを削除するか、IP アドレスによる記述に変更してください"),
	SPFVoids: finding.Means(finding.Error,
		"{count} look-ups of the record find nothing, and 2 are allowed: receivers ignore it", "参照先にレコードがない記述が {count} 件あり、上限の 2 件を超えています。レコード全体がエラーとなります",
		"remove the names that have no such record", "該当の記述を削除してください"),
	SPFManyMX: finding.Means(finding.Error,
		"{name} has {count} mail servers, and 10 are allowed behind mx: receivers ignore the record", "{name} の MX レコードが {count} 件あり、「mx」で参照できる上限の 10 件を超えています",
		"list addresses instead of mx", "「mx」に代えて、IP アドレスによる記述に変更してください"),
	SPFDangling: finding.Means(finding.Warning,
		"{name} has no {record} record, and so lets in no server", "{name} に {record} レコードがないため、送信を許可するサーバーの指定になっていません",
		"correct the name, or remove it", "名前を修正または削除してください"),
	SPFMacro: finding.Means(finding.Info,
		"{term} is another name for each message: it was not followed", "{term} の参照先はメールごとに異なるため、確認の対象外です",
		"nothing, if it is meant so", "意図した記述であれば、対応は不要です"),
	SPFLoop: finding.Means(finding.Error,
		"{name} is included by its own record: receivers ignore the whole record", "{name} の参照が循環しています。レコード全体がエラーとなります",
		"remove the include", "該当の「include」または「redirect」を削除してください"),
	SPFIncludeWithout: finding.Means(finding.Error,
		"{name} is included, and has no SPF record: receivers ignore the whole record", "「include」または「redirect」で参照されている {name} に SPF のレコードがありません。レコード全体がエラーとなります",
		"correct the name, or remove the include", "名前を修正するか、該当の記述を削除してください"),
	SPFIncludeSeveral: finding.Means(finding.Error,
		"{name} is included, and has {count} SPF records: receivers ignore the whole record", "参照先の {name} に SPF のレコードが {count} 件あります。レコード全体がエラーとなります",
		"tell who is responsible for {name}", "{name} の管理者にお問い合わせください"),
	SPFIncludeBroken: finding.Means(finding.Error,
		"{name} is included, and its record cannot be read: {term}", "参照先の {name} のレコードに誤りがあります({term})。レコード全体がエラーとなります",
		"tell who is responsible for {name}", "{name} の管理者にお問い合わせください"),
	SPFIncludePassAll: finding.Means(finding.Error,
		"{name} is included, and lets every server in the world send", "参照先の {name} で、すべてのサーバーからの送信が許可されています",
		"remove the include, or tell who is responsible for {name}", "該当の記述を削除するか、{name} の管理者にお問い合わせください"),

	DMARCHost: finding.Means(finding.Error,
		"{host} is not the host of a DMARC record", "ホスト名({host})が DMARC のホスト名ではありません",
		"the host is _dmarc. and the domain", "ホスト名は「_dmarc.」の後にドメイン名を付けたものです"),
	DMARCAtDomain: finding.Means(finding.Error,
		"the host of a DMARC record is not the domain itself", "DMARC のホスト名に「_dmarc.」が付いていません",
		"the host is {host}", "ホスト名を「{host}」に修正してください"),
	DMARCNone: finding.Means(finding.Error,
		"{domain} has no DMARC record", "「{domain}」に DMARC のレコードが登録されていません",
		"enter one at {host}, of type TXT", "ホスト名「{host}」の TXT レコードとしてご登録ください"),
	DMARCSeveral: finding.Means(finding.Error,
		"there are {count} DMARC records at {host}: receivers then use none", "「{host}」に DMARC のレコードが {count} 件あります。複数ある場合は無効となります",
		"leave one", "1 件のみとしてください"),
	DMARCNotPublished: finding.Means(finding.Info,
		"there is no DMARC record at {host} yet", "「{host}」に DMARC のレコードはまだ登録されていません",
		"enter this one, of type TXT", "TXT レコードとして新規にご登録ください"),
	DMARCDiffers: finding.Means(finding.Info,
		"there is another DMARC record at {host} now: {value}", "「{host}」には現在、別の DMARC のレコードが登録されています({value})",
		"replace it: a second one would spoil both", "新規に追加せず、既存の値を変更してください(2 件になると無効となります)"),

	NotDMARC: finding.Means(finding.Error,
		"the value is no DMARC record: {value}", "値が DMARC のレコードではありません({value})",
		"begin the value with v=DMARC1;", "値の先頭を「v=DMARC1;」としてください"),
	DMARCVersion: finding.Means(finding.Error,
		"v=DMARC1 does not stand first, is written differently, or has no semicolon behind it", "「v=DMARC1」が先頭にないか、表記が異なるか、直後に「;」がありません",
		"begin the value with v=DMARC1; in capitals", "値の先頭を「v=DMARC1;」(大文字)としてください"),
	DMARCSyntax: finding.Means(finding.Error,
		"{part} is not of the form tag=value", "{part} の書式が正しくありません",
		"write tag=value, with a semicolon between two; addresses are separated by commas", "「タグ=値」を「;」で区切って記述してください。複数のアドレスは「,」で区切ります"),
	DMARCEmptyTag: finding.Means(finding.Warning,
		"there is nothing between two semicolons: receivers ignore that", "「;」が連続しています。受信側では無視されます",
		"leave one semicolon", "「;」を 1 つのみとしてください"),
	DMARCTagTwice: finding.Means(finding.Error,
		"{tag}= stands twice", "「{tag}=」が複数あります",
		"leave one; addresses are separated by commas", "1 つのみとしてください。複数のアドレスは「,」で区切ります"),
	DMARCBadPolicy: finding.Means(finding.Error,
		"{tag}= says {value}, which is no policy", "「{tag}=」の値({value})が正しくありません",
		"the policies are none, quarantine and reject", "none、quarantine、reject のいずれかをご指定ください"),
	DMARCBadValue: finding.Means(finding.Warning,
		"{tag}= says {value}, which receivers ignore", "「{tag}=」の値({value})が正しくないため、受信側で無視されます",
		"correct it, or remove the tag", "修正または削除してください"),
	DMARCNoPolicy: finding.Means(finding.Warning,
		"p= is missing: receivers take it for p=none, older ones ignore the record", "「p=」がないため、「p=none」とみなされます(古い受信側ではレコードが無視されます)",
		"put p=none, p=quarantine or p=reject behind v=DMARC1;", "「v=DMARC1;」の後に「p=none」などをご指定ください"),
	DMARCNoEffect: finding.Means(finding.Error,
		"the record has no effect: it has neither p= nor an address for reports", "「p=」もレポートの送信先もないため、レコードが機能しません",
		"put p=none, p=quarantine or p=reject behind v=DMARC1;", "「v=DMARC1;」の後に「p=none」などをご指定ください"),
	DMARCPolicyLate: finding.Means(finding.Info,
		"p= does not stand right behind v=DMARC1, as older receivers want it", "「p=」が「v=DMARC1」の直後にないため、古い受信側では正しく処理されない可能性があります",
		"put p= second", "「p=」を「v=DMARC1;」の直後に移動してください"),
	DMARCTestMode: finding.Means(finding.Info,
		"t=y says that the policy is only tested", "「t=y」により、試験モードとなっています",
		"remove t=y when the test is over", "試験の終了後に「t=y」を削除してください"),
	DMARCPublicSuffix: finding.Means(finding.Warning,
		"psd=y is for registries such as jp, not for a company's domain", "「psd=y」は、ドメイン登録機関などのための指定です",
		"remove psd=y", "「psd=y」を削除してください"),
	DMARCPct: finding.Means(finding.Warning,
		"pct= was dropped from DMARC: receivers may apply the policy to all mail", "「pct=」は廃止されました。値({value})にかかわらず、すべてのメールが対象となる場合があります",
		"remove pct=; to test a policy, t=y is the way", "「pct=」を削除してください。試験を行う場合は「t=y」をご指定ください"),
	DMARCRemovedTag: finding.Means(finding.Warning,
		"{tag}= was dropped from DMARC", "「{tag}=」は廃止されました",
		"remove it", "「{tag}=」を削除してください"),
	DMARCUnknownTag: finding.Means(finding.Warning,
		"receivers do not know the tag {tag}", "タグ({tag})は受信側で無視されます",
		"correct it, in lower case, or remove it", "小文字の正しいタグに修正するか、削除してください"),
	DMARCOptionsUnused: finding.Means(finding.Info,
		"fo= has no effect without ruf=", "「ruf=」がないため、「fo=」は無視されます",
		"remove fo=, or say in ruf= where reports go", "「fo=」を削除するか、「ruf=」で送信先をご指定ください"),

	DMARCNoReports: finding.Means(finding.Info,
		"without rua= nobody sends reports about the domain's mail", "「rua=」がないため、集計レポートは送信されません",
		"say in rua=mailto: where reports should go", "レポートが必要な場合は「rua=mailto:」で送信先をご指定ください"),
	DMARCSize: finding.Means(finding.Warning,
		"{size} behind an address was dropped from DMARC", "アドレスの後の「{size}」は廃止されました",
		"remove it", "「{size}」を削除してください"),
	DMARCNoMailto: finding.Means(finding.Error,
		"mailto: is missing before the address in {tag}=: {address}", "「{tag}=」のアドレスの前に「mailto:」がありません({address})",
		"put mailto: before it", "アドレスの前に「mailto:」を付けてください"),
	DMARCNotMail: finding.Means(finding.Error,
		"{tag}= has an address to which receivers do not send reports: {address}", "「{tag}=」の送信先({address})にはレポートが送信されません",
		"use an address that begins with mailto:", "「mailto:」で始まるアドレスをご指定ください"),
	DMARCBadAddress: finding.Means(finding.Error,
		"{tag}= has an address that cannot be one: {address}", "「{tag}=」のアドレスの書式が正しくありません({address})",
		"correct it; addresses are separated by commas", "修正してください。複数のアドレスは「,」で区切ります"),
	DMARCPercent: finding.Means(finding.Error,
		"{tag}= has an address with a % that two hexadecimal digits do not follow: {address}", "「{tag}=」のアドレスの「%」の後が 2 桁の 16 進数となっていません({address})",
		"write a % itself as %25", "「%」そのものは「%25」と記述してください"),
	DMARCUnauthorized: finding.Means(finding.Warning,
		"{recipient} does not say that it wants reports about {domain}: none arrive there until it publishes {authorization}", "レポートの送信先のドメイン「{recipient}」で「{domain}」のレポートの受信が許可されていません。「{authorization}」のレコードが登録されるまで、レポートは届きません",
		"have the TXT record v=DMARC1 published at {authorization}, or use an address at {domain}", "レポートが必要な場合は、「{authorization}」への TXT レコード「v=DMARC1」の登録を「{recipient}」の管理者にご依頼いただくか、「{domain}」のアドレスをご指定ください"),

	DMARCNeedsSPF: finding.Means(finding.Error,
		"DMARC needs SPF, which does not stand", "DMARC の前提となる SPF の設定を確認できませんでした",
		"set SPF first", "先に SPF の設定が必要です"),
	DMARCNeedsDKIM: finding.Means(finding.Error,
		"DMARC needs DKIM, which does not stand", "DMARC の前提となる DKIM の設定を確認できませんでした",
		"set DKIM first", "先に DKIM の設定が必要です"),

	DKIMHost: finding.Means(finding.Error,
		"{host} is not the host of a DKIM record", "ホスト名「{host}」が DKIM のホスト名ではありません",
		"the host is the selector, ._domainkey. and the domain", "ホスト名は、セレクタと「._domainkey.」とドメイン名をつないだものです"),
	DKIMNoSelector: finding.Means(finding.Error,
		"the selector is missing in the host", "ホスト名にセレクタがありません",
		"the host is the selector, ._domainkey. and the domain", "ホスト名は、セレクタと「._domainkey.」とドメイン名をつないだものです"),
	NotDKIM: finding.Means(finding.Error,
		"the value is no DKIM record: {value}", "値が DKIM のレコードではありません({value})",
		"enter the value as the mail server's provider gives it; it has a p=", "メールサーバーの提供元が案内している値(「p=」を含むもの)をご確認ください"),
	TXTInsteadOfCNAME: finding.Means(finding.Error,
		"the value looks like the target of a CNAME: {value}", "値が CNAME の参照先となっています({value})",
		"the record's type is CNAME, not TXT", "レコードの種別を CNAME としてください"),
	CutAtSemicolon: finding.Means(finding.Error,
		"the value ends at the first semicolon: only v=DKIM1 is there", "値が最初の「;」で切れており、「v=DKIM1」のみとなっています",
		"give the whole value", "値全体をご確認ください"),
	Truncated: finding.Means(finding.Error,
		"the end of the key is missing: {length} bytes of the value are there, and one string holds 255", "鍵の末尾が欠けています(値は {length} 文字。1 つの文字列の上限は 255 文字です)",
		"give the whole value; a panel that takes 255 bytes needs it in several strings", "値全体をご確認ください。255 文字を超える値を登録できない場合は、分割形式をお試しください"),
	Malformed: finding.Means(finding.Error,
		"the value cannot be read: {error}", "値の書式が正しくありません",
		"enter the value as the mail server's provider gives it", "メールサーバーの提供元が案内している値をご確認ください"),
	WrongVersion: finding.Means(finding.Error,
		"v=DKIM1 does not stand first, or is written differently", "「v=DKIM1」が先頭にないか、表記が異なります",
		"begin the value with v=DKIM1;", "値の先頭を「v=DKIM1;」としてください"),
	NoVersion: finding.Means(finding.Info,
		"v=DKIM1 is missing: it may be", "「v=DKIM1」がありません(省略は可能です)",
		"better begin the value with v=DKIM1;", "値の先頭に「v=DKIM1;」を付けることをお勧めいたします"),
	Revoked: finding.Means(finding.Warning,
		"the record says that the key is revoked: p= is empty", "失効済みの鍵を示す値です(p= が空です)",
		"if a key should stand there, enter the whole value", "鍵を登録する場合は、値全体をご確認ください"),
	WrongAlgorithm: finding.Means(finding.Error,
		"k= says {found}, which is not the algorithm of the key", "「k=」の値({found})が鍵の方式と異なります",
		"it is k=rsa or k=ed25519, in lower case", "「k=rsa」または「k=ed25519」(小文字)をご指定ください"),
	PKCS1: finding.Means(finding.Error,
		"the key is in the form PKCS #1, which many receivers do not read", "鍵の形式が PKCS #1 です。多くの受信側で認証に失敗します",
		"use the form SubjectPublicKeyInfo, as openssl rsa -pubout writes it", "SubjectPublicKeyInfo 形式の公開鍵(「openssl rsa -pubout」で出力される形式)をご利用ください"),
	Ed25519Form: finding.Means(finding.Error,
		"an Ed25519 key has to be its 32 bytes alone, in base64", "Ed25519 の鍵の形式が正しくありません(32 バイトの鍵のみを base64 で記述する必要があります)",
		"give the last 44 characters of the key that openssl writes", "メールサーバーの提供元が案内している値をご確認ください"),
	NoKey: finding.Means(finding.Error,
		"what stands in p= is no public key", "「p=」の値が公開鍵ではありません",
		"enter the value as the mail server's provider gives it", "メールサーバーの提供元が案内している値をご確認ください"),
	WeakKey: finding.Means(finding.Error,
		"the key has {bits} bits: receivers refuse fewer than 1024", "鍵の長さが {bits} ビットです。1024 ビット未満の鍵は受信側で拒否されます",
		"make a key of 2048 bits", "2048 ビットの鍵を作成してください"),
	ShortKey: finding.Means(finding.Warning,
		"the key has {bits} bits: 2048 are recommended", "鍵の長さが {bits} ビットです。2048 ビット以上が推奨されています",
		"make a key of 2048 bits at the next opportunity", "次回の更新時に 2048 ビットの鍵を作成してください"),
	LongKey: finding.Means(finding.Warning,
		"the key has {bits} bits: receivers need not take more than 4096", "鍵の長さが {bits} ビットです。4096 ビットを超える鍵は受信側で利用できない場合があります",
		"make a key of 2048 bits", "2048 ビットの鍵をご利用ください"),
	NotForEmail: finding.Means(finding.Error,
		"s= says that the key is not for mail", "「s=」の指定により、メールに使用できない鍵となっています",
		"remove s=", "「s=」の指定を削除してください"),
	HashNotAllowed: finding.Means(finding.Error,
		"h= does not allow sha256, with which mail is signed", "「h=」の指定により、署名に使用する sha256 が許可されていません",
		"remove h=", "「h=」の指定を削除してください"),
	TestFlag: finding.Means(finding.Info,
		"t=y says that the domain only tests DKIM", "「t=y」により、試験モードとなっています",
		"remove t=y when the test is over", "試験の終了後に「t=y」を削除してください"),
	StrictFlag: finding.Means(finding.Info,
		"t=s says that the key is not for subdomains", "「t=s」により、サブドメインでは使用できない鍵となっています",
		"remove t=s if subdomains send with this key", "サブドメインでもご利用の場合は「t=s」を削除してください"),
	Granularity: finding.Means(finding.Warning,
		"g= was dropped from DKIM", "「g=」は廃止されました",
		"remove g=", "「g=」を削除してください"),
	SpacesInKey: finding.Means(finding.Warning,
		"there are spaces or line ends inside the key", "鍵の途中に空白または改行が入っています。動作しない場合があります",
		"remove them: not every receiver copes", "空白および改行を取り除いてください"),

	CNAMETarget: finding.Means(finding.Error,
		"{target} is not a name that a CNAME can lead to", "CNAME の参照先({target})がホスト名の書式となっていません",
		"give the name alone, as the mail server's provider gives it, and no address or URL", "メールサーバーの提供元が案内しているホスト名のみをご記入ください(IP アドレスや URL は指定できません)"),
	CNAMELoop: finding.Means(finding.Error,
		"the CNAME at {host} leads to itself", "「{host}」の CNAME の参照先が、同じホスト名となっています",
		"give the name that the mail server's provider gives", "メールサーバーの提供元が案内している参照先をご確認ください"),
	CNAMEClash: finding.Means(finding.Warning,
		"there is another record at {host} now, and a CNAME has to stand alone", "「{host}」には現在、別のレコードが登録されています。CNAME は他のレコードと併用できません",
		"replace it, unless mail is signed with its key", "既存のレコードを使用していないことを確認のうえ、置き換えてください"),
	CNAMENoKey: finding.Means(finding.Warning,
		"there is no DKIM key at {target} now: the CNAME has no effect until there is", "CNAME の参照先({target})に DKIM の鍵が登録されていません。登録されるまで、DKIM の認証は行われません",
		"compare the name; its provider may publish the key later", "参照先に相違がないかをご確認ください(提供元で後日登録される場合があります)"),
	CNAMEBadKey: finding.Means(finding.Error,
		"what stands at {target} cannot be used as a DKIM key: {value}", "CNAME の参照先({target})のレコードは、DKIM の鍵として利用できません({value})",
		"compare the name, or ask the mail server's provider", "参照先をご確認いただくか、メールサーバーの提供元にお問い合わせください"),
	CNAMENoDomainkey: finding.Means(finding.Warning,
		"{target} has no label _domainkey, as the names of most DKIM records have", "CNAME の参照先({target})に「_domainkey」が含まれていません",
		"compare it with what the mail server's provider gives", "メールサーバーの提供元の案内と相違がないかをご確認ください"),
}

// Codes says what each code means.
func Codes() finding.Table { return table }
