package main

import "dkimd/signer"

// reasonText says what a reason means and what to do, to people.
type reasonText struct{ en, ja, remedyEn, remedyJa string }

// incomingText is for [signer.NotOurs] where mail is not signed at all.
var incomingText = reasonText{
	"the message came in where mail is not signed", "署名しない受信側の経路から届いたメールです",
	"look at the direction of the [[listener]] and at sign.incoming_daemons, and at where Postfix takes the message",
	"[[listener]] の direction と sign.incoming_daemons、および Postfix の受付経路を確認してください",
}

var reasonTexts = map[signer.Reason]reasonText{
	signer.NotOurs: {
		"neither a login nor a [[network]] vouches for the message",
		"SMTP 認証のログインも、[[network]] に登録された接続元もありません",
		"let the client log in (port 587 or 465), or list its address in a [[network]] with the domains that it may send as",
		"587 または 465 番ポートで SMTP 認証を使うか、接続元のアドレスと送信してよいドメインを [[network]] に登録してください",
	},
	signer.NoFrom: {
		"the message has no From address", "From のアドレスがありません",
		"the program that sends it has to set From", "送信するプログラムで From を設定してください",
	},
	signer.MultipleFrom: {
		"the message has more than one From address", "From のアドレスが複数あります",
		"the program that sends it has to set one From with one address", "From は 1 件、アドレスも 1 件にしてください",
	},
	signer.BadFrom: {
		"the From field is not as RFC 5322 has it", "From の書式が RFC 5322 に合っていません",
		"the program that sends it has to write the field correctly: quotes around a name with special characters",
		"送信するプログラムの From の書式(記号を含む表示名の引用符など)を修正してください",
	},
	signer.BadHeader: {
		"a header field to be signed is malformed", "署名対象のヘッダーが不正です",
		"look at the error in the log: the program that sends the mail has to be mended", "ログの error を確認し、送信するプログラムを修正してください",
	},
	signer.LongHeader: {
		"the header fields to be signed are too many or too long", "署名対象のヘッダーが多すぎるか、長すぎます",
		"the program that sends the mail has to write fewer or shorter fields", "送信するプログラムで、ヘッダーの数または長さを減らしてください",
	},
	signer.LoginMismatch: {
		"the login may not send as the From domain", "このログインには From のドメインでの送信が許可されていません",
		"send from an address of the login's own domain, or list the login in sign.login_map",
		"ログインと同じドメインのアドレスから送信するか、sign.login_map に登録してください",
	},
	signer.NetworkMismatch: {
		"the client's network may not send as the From domain", "この接続元に許可されたドメインではありません",
		"list the domain in the domains of that [[network]]", "[[network]] の domains にドメインを追加してください",
	},
	signer.SwitchedOff: {
		"the configuration has sign = false for the domain", "設定でこのドメインの署名が無効(sign = false)になっています",
		"change the [[domain]] in the configuration, and reload", "設定の [[domain]] を変更し、再読み込みしてください",
	},
	signer.NoKey: {
		"the From domain has no active key", "From のドメインに有効な鍵がありません",
		"make a key: dkimctl genkey, publish its record, dkimctl activate",
		"dkimctl genkey で鍵を作成し、レコードの公開後に dkimctl activate で有効にしてください",
	},
	signer.KeyPending: {
		"the From domain has a key that is not active yet", "鍵はありますが、まだ有効化されていません",
		"when its record is in DNS: dkimctl activate", "DNS への登録を確認後、dkimctl activate で有効にしてください",
	},
	signer.AlreadySigned: {
		"the message came with our signature, and that verifies", "すでに当サーバーの有効な署名が付いています",
		"nothing is wrong: the message passed through here before", "問題ありません(一度署名されたメールが再び通過したものです)",
	},
	signer.StoreError: {
		"the key store, or the login map, cannot be read just now", "鍵の保管場所またはログイン表を読み取れません",
		"look at the error: permissions, disk, the socketmap server; it goes on by itself once that is mended",
		"error の内容(権限、ディスク、socketmap サーバー)を確認してください。復旧後は自動で再開します",
	},
	signer.BadKey: {
		"what the store holds for the domain is damaged", "このドメインの鍵ファイルが壊れています",
		"do what the error says: restore the file that it names from a backup, or, if that is a private key, make a new pair with dkimctl genkey",
		"error に示されたファイルをバックアップから戻してください。秘密鍵のファイルであれば、dkimctl genkey で新しい鍵を作成することもできます",
	},
	signer.BadBody: {
		"the body has a bare CR where no signature would verify, or more than a megabyte of blanks in a row",
		"本文に署名できない位置の CR(改行の一部でないもの)、または 1 MB を超える空白の連続があります",
		"the program that sends it has to be mended", "送信するプログラムを修正してください",
	},
}
