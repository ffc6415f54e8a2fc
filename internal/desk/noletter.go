package desk

import "dkimd/keys/finding"

// NoLetterError says why there is no letter to write, and what to do first.
type NoLetterError struct{ Finding finding.Finding }

func (e *NoLetterError) Error() string { return e.Finding.Text.En }

// NoAnswer reports whether DNS gave none.
func (e *NoLetterError) NoAnswer() bool { return e.Finding.Code == noDNSAnswer }

func noLetter(code finding.Code, domain string, fill ...string) *NoLetterError {
	return &NoLetterError{noLetters.New(code, append(fill, "domain", domain)...)}
}

// Why there is no letter.
const (
	noNameServerSide  finding.Code = "no_name_server_side"
	noMailServerSide  finding.Code = "no_mail_server_side"
	noKeys            finding.Code = "no_keys"
	noActiveKey       finding.Code = "no_active_key"
	oursToPublish     finding.Code = "ours_to_publish"
	oursWrong         finding.Code = "ours_wrong"
	notProvenYet      finding.Code = "not_proven_yet"
	targetMissing     finding.Code = "target_to_publish"
	noDNSAnswer       finding.Code = "no_dns_answer"
	letterOfRequest   finding.Code = "letter_of_request"
	letterUnfit       finding.Code = "letter_unfit"
	notOurNameServers finding.Code = "not_our_name_servers"
	notARecord        finding.Code = "not_a_record"
	privateKeyEntered finding.Code = "private_key_entered"
	notEntered        finding.Code = "not_entered"
)

// noLetters are texts for support, not for customers.
var noLetters = finding.Table{
	noNameServerSide: finding.Means(finding.Error,
		"it is not clear whose the name servers of {domain} are", "{domain} のネームサーバーが弊社か他社かを判定できません",
		"--letter NAME chooses a letter all the same", "--letter で案内文を指定できます"),
	noMailServerSide: finding.Means(finding.Error,
		"it is not known whose the mail server of {domain} is", "{domain} のメールサーバーが弊社か他社かがわかりません",
		"--mail ours or --mail elsewhere says it", "--mail ours(弊社)または --mail elsewhere(他社)で指定してください"),
	noKeys: finding.Means(finding.Error,
		"{domain} has no keys", "{domain} の鍵がありません",
		"make one: dkimctl genkey {domain}", "鍵を作成してください: dkimctl genkey {domain}"),
	noActiveKey: finding.Means(finding.Error,
		"{domain} has no active key", "{domain} には使用中の鍵がありません",
		"dkimctl show {domain}", "dkimctl show {domain}"),
	oursToPublish: finding.Means(finding.Error,
		"the key of {domain} is not active yet, and its record is ours to publish", "{domain} の鍵はまだ有効ではありません。レコードの登録は弊社の作業です",
		"{publish}, then dkimctl check {domain} --activate", "{publish} の後に dkimctl check {domain} --activate"),
	oursWrong: finding.Means(finding.Error,
		"the record of {domain} is not as it should be on our own name servers", "弊社のネームサーバーに登録されている {domain} のレコードに誤りがあります",
		"dkimctl check {domain}", "dkimctl check {domain}"),
	notProvenYet: finding.Means(finding.Error,
		"the record of {domain} is there, and its key becomes active when it is proven", "{domain} のレコードは登録されています。確認が完了すると鍵が有効になります",
		"dkimctl check {domain} --activate", "dkimctl check {domain} --activate"),
	targetMissing: finding.Means(finding.Error,
		"the customer's CNAME of {domain} is right, but the record that it leads to is not in our zone", "お客様の CNAME({domain})は正しく登録されていますが、参照先のレコードが弊社のゾーンにありません",
		"{publish}", "{publish}"),
	noDNSAnswer: finding.Means(finding.Error,
		"DNS gave no answer about {domain}", "{domain} について DNS の応答がありません",
		"try again later: dkimctl check {domain}", "時間をおいて再度お試しください: dkimctl check {domain}"),
	letterOfRequest: finding.Means(finding.Error,
		"the letter {letter} is about a request, not about the state of {domain}", "案内文 {letter} は設定依頼への回答であり、{domain} の状態に関するものではありません",
		"dkimctl desk reply --help says which letters are", "dkimctl desk reply --help で案内文の一覧を確認できます"),
	letterUnfit: finding.Means(finding.Error,
		"the letter {letter} does not fit the state of {domain}", "案内文 {letter} は {domain} の現在の状態に合いません",
		"without --letter, the one is chosen that does", "--letter を省略すると、状態に合うものが選ばれます"),
	notOurNameServers: finding.Means(finding.Error,
		"the name servers of {domain} are not ours", "{domain} のネームサーバーは弊社のものではありません",
		"--letter guide says who enters which record", "--letter guide で、登録先の案内文を作成できます"),
	notARecord: finding.Means(finding.Error,
		"it is not the host and value of an SPF, DKIM or DMARC record of {domain}", "{domain} の SPF、DKIM、DMARC レコードのホスト名と値ではありません",
		"give the host in full, and the value as it was entered", "省略のないホスト名と、登録したとおりの値を指定してください"),
	privateKeyEntered: finding.Means(finding.Error,
		"the value for {domain} holds a private key", "{domain} の値に秘密鍵が含まれています",
		"take it out of DNS at once, and tell the customer that this key is lost", "直ちに DNS から削除し、この鍵は使用できない旨をお客様にお伝えください"),
	notEntered: finding.Means(finding.Error,
		"DNS does not have this value at {host}, or not alone", "「{host}」にこの値が登録されていないか、別の値も登録されています",
		"enter the record first; if there is or was another one, remove it, and wait until it has left the caches", "先にレコードを登録してください。別の値がある場合は削除し、キャッシュが切れるまでお待ちください"),
}
