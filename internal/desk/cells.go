// Package desk is the support desk: what a customer and what support have to do
// for SPF, DKIM and DMARC, and the letters that say so.
package desk

import "dkimd/keys/finding"

// Side says who runs a domain's name servers, or its mail server.
type Side string

const (
	Ours      Side = "ours"
	Elsewhere Side = "elsewhere"
	Unknown   Side = "unknown"
)

// Method is a way to authenticate senders.
type Method string

const (
	SPF   Method = "SPF"
	DKIM  Method = "DKIM"
	DMARC Method = "DMARC"
)

// Source is who knows what a record has to say.
type Source string

const (
	FromUs           Source = "us"
	FromMailProvider Source = "mail_provider"
	FromCustomer     Source = "customer"
)

// Cell is what has to be done about one method for a domain.
type Cell struct {
	NameServer Side         `json:"name_server"`
	MailServer Side         `json:"mail_server"`
	Method     Method       `json:"method"`
	Value      Source       `json:"value"`     // who knows the value
	HandOut    bool         `json:"hand_out"`  // support gives the value to the customer
	Requested  bool         `json:"requested"` // the customer sends the request form
	Customer   finding.Text `json:"customer"`  // what the customer does
	Support    finding.Text `json:"support"`   // what support does
}

// CellsOf returns the cells of a domain: one for each method, or none if a side is
// unknown.
func CellsOf(nameServer, mailServer Side) []Cell {
	var list []Cell
	for _, c := range cells {
		if c.NameServer == nameServer && c.MailServer == mailServer {
			list = append(list, c)
		}
	}
	return list
}

// asGiven is a cell of our name servers where the customer gives the value of a record
// that would be ours to make: then it is as if the mail server were another company's.
func (c Cell) asGiven() Cell {
	for _, other := range CellsOf(Ours, Elsewhere) {
		if other.Method == c.Method {
			c.Value, c.Requested, c.Support = other.Value, other.Requested, other.Support
		}
	}
	return c
}

// cells is all that support knows. DMARC presupposes SPF and DKIM in each of them.
var cells = []Cell{
	{Ours, Ours, SPF, FromUs, false, false,
		finding.Text{
			En: "Nothing: it is set up.",
			Ja: "設定済みのため、お客様側での作業は不要です。",
		},
		finding.Text{
			En: "Nothing.",
			Ja: "作業はありません。",
		}},
	{Ours, Ours, DKIM, FromUs, false, true,
		finding.Text{
			En: "Send us the request form with the domain name; the record is our work.",
			Ja: "ドメイン名をご記入のうえ、設定をご依頼ください。レコードの内容は弊社で用意いたします。",
		},
		finding.Text{
			En: "Make the key, publish its record, make the key active, and say so.",
			Ja: "鍵を作成してレコードを登録し、署名を開始したうえで、完了を連絡します。",
		}},
	{Ours, Ours, DMARC, FromCustomer, false, true,
		finding.Text{
			En: "Choose the value once SPF and DKIM are set up, then send us the request form with host, value and date.",
			Ja: "SPF と DKIM の設定が完了していることをご確認のうえ、値( VALUE )をお決めいただき、【DMARCの設定を希望します】の書式(ホスト名、値、設定希望日)にてご依頼ください。",
		},
		finding.Text{
			En: "Publish the record as it was given, once SPF and DKIM stand.",
			Ja: "SPF と DKIM の設定を確認し、申告どおりのレコードを登録します。値の内容は確認しません。",
		}},

	{Ours, Elsewhere, SPF, FromMailProvider, false, true,
		finding.Text{
			En: "Ask the provider of your mail server for the value, then send us the request form.",
			Ja: "設定内容をメールサーバーの提供元にご確認のうえ、設定をご依頼ください。",
		},
		finding.Text{
			En: "Publish the record as it was given.",
			Ja: "申告どおりのレコードを登録します。値の内容は確認しません。",
		}},
	{Ours, Elsewhere, DKIM, FromMailProvider, false, true,
		finding.Text{
			En: "Ask the provider of your mail server for host and value, then send us the request form.",
			Ja: "設定内容(ホスト名と値)をメールサーバーの提供元にご確認のうえ、設定をご依頼ください。",
		},
		finding.Text{
			En: "Publish the record as it was given. No key of ours is made.",
			Ja: "申告どおりのレコードを登録します。弊社の鍵は作成しません。値の内容は確認しません。",
		}},
	{Ours, Elsewhere, DMARC, FromCustomer, false, true,
		finding.Text{
			En: "Choose the value once SPF and DKIM are set up, then send us the request form with host, value and date.",
			Ja: "SPF と DKIM の設定が完了していることをご確認のうえ、値( VALUE )をお決めいただき、【DMARCの設定を希望します】の書式(ホスト名、値、設定希望日)にてご依頼ください。",
		},
		finding.Text{
			En: "Publish the record as it was given, once SPF and DKIM stand.",
			Ja: "SPF と DKIM の設定を確認し、申告どおりのレコードを登録します。値の内容は確認しません。",
		}},

	{Elsewhere, Ours, SPF, FromUs, true, false,
		finding.Text{
			En: "Ask us for the value, then enter it at the provider of your name servers.",
			Ja: "設定内容を弊社にご確認のうえ、ネームサーバーの提供元でご設定ください。",
		},
		finding.Text{
			En: "Give the value, merged with what the domain publishes already.",
			Ja: "公開中の SPF に弊社の内容を加えた値を案内します。",
		}},
	{Elsewhere, Ours, DKIM, FromUs, true, false,
		finding.Text{
			En: "Ask us for host and value, then enter them at the provider of your name servers.",
			Ja: "設定内容(ホスト名と値)を弊社にご確認のうえ、ネームサーバーの提供元でご設定ください。",
		},
		finding.Text{
			En: "Make the key, give host and value, and sign once the record is there.",
			Ja: "鍵を作成してホスト名と値を案内し、レコードの公開を確認してから署名を開始します。",
		}},
	{Elsewhere, Ours, DMARC, FromCustomer, false, false,
		finding.Text{
			En: "Choose the value once SPF and DKIM are set up, then enter it at the provider of your name servers.",
			Ja: "SPF と DKIM の設定が完了していることをご確認のうえ、値( VALUE )をお決めいただき、ネームサーバーの提供元でご設定ください。",
		},
		finding.Text{
			En: "Nothing.",
			Ja: "作業はありません。",
		}},

	{Elsewhere, Elsewhere, SPF, FromMailProvider, false, false,
		finding.Text{
			En: "Ask the provider of your mail server for the value, and enter it at the provider of your name servers.",
			Ja: "設定内容をメールサーバーの提供元にご確認のうえ、ネームサーバーの提供元でご設定ください。",
		},
		finding.Text{
			En: "Nothing.",
			Ja: "作業はありません。",
		}},
	{Elsewhere, Elsewhere, DKIM, FromMailProvider, false, false,
		finding.Text{
			En: "Ask the provider of your mail server for host and value, and enter them at the provider of your name servers.",
			Ja: "設定内容(ホスト名と値)をメールサーバーの提供元にご確認のうえ、ネームサーバーの提供元でご設定ください。",
		},
		finding.Text{
			En: "Nothing.",
			Ja: "作業はありません。",
		}},
	{Elsewhere, Elsewhere, DMARC, FromCustomer, false, false,
		finding.Text{
			En: "Choose the value once SPF and DKIM are set up, then enter it at the provider of your name servers.",
			Ja: "SPF と DKIM の設定が完了していることをご確認のうえ、値( VALUE )をお決めいただき、ネームサーバーの提供元でご設定ください。",
		},
		finding.Text{
			En: "Nothing.",
			Ja: "作業はありません。",
		}},
}
