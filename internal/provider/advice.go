package provider

import (
	"fmt"

	"dkimd/keys/finding"
)

// hostTexts says how to enter the host, for each value of Host.
var hostTexts = map[string]finding.Text{
	"relative": {En: "Enter the short form of the host, without the domain.", Ja: "ホスト名には、ドメイン名を除いた短縮形をご入力ください。"},
	"fqdn":     {En: "Enter the host in full, with the domain.", Ja: "ホスト名は、ドメイン名を含めた完全な形でご入力ください。"},
	"fqdn-dot": {En: "Enter the host in full, with the domain and a dot at the end.", Ja: "ホスト名は、ドメイン名を含めた完全な形とし、末尾に「.」を付けてご入力ください。"},
}

// valueTexts says how to enter a TXT record's value, for each value of Value.
var valueTexts = map[string]finding.Text{
	"plain":  {En: "Enter the value in one line and in one piece, without quotation marks.", Ja: "値は、引用符「\"」で囲まず、分割せずに 1 行でご入力ください。"},
	"quoted": {En: "Enter the value in one line, between quotation marks.", Ja: "値は、全体を引用符「\"」で囲み、1 行でご入力ください。"},
	"split":  {En: "Enter the value split into strings of at most 255 characters, each between quotation marks and all in one line.", Ja: "値は、255 文字以内に分割してそれぞれを引用符「\"」で囲んだ形式(分割形式)で、改行せずに 1 行でご入力ください。"},
}

var appendsText = finding.Text{
	En: "The panel appends the domain: a host entered with it would have it twice.",
	Ja: "ドメイン名は自動で付加されます。ドメイン名を含めてご入力いただくと、二重に付加されますのでご注意ください。",
}

// tooLongText says that a value is too long: the panel's limit and the value's length
// are filled in.
var tooLongText = finding.Text{
	En: "The provider says that the panel takes at most %d characters, and the value has %d.",
	Ja: "この画面で登録できる値は %d 文字までとされており、ご案内の値(%d 文字)は登録できない見込みです。",
}

// What there is instead of a value that is too long.
var (
	smallerKeyText = finding.Text{
		En: "Ask for a key of 2048 bits instead.",
		Ja: "2048 ビットの鍵をご案内いたしますので、お知らせください。",
	}
	offerText = finding.Text{
		En: "Ask for a CNAME instead.",
		Ja: "CNAME による方法をご案内いたしますので、お知らせください。",
	}
	tellText = finding.Text{
		En: "If it is not taken, please tell us.",
		Ja: "登録できない場合は、お知らせください。",
	}
)

// What can be said of a panel that is not known.
var (
	unknownHostText = finding.Text{
		En: "If the panel appends the domain, enter the short form of the host, without the domain.",
		Ja: "ドメイン名が自動で付加される画面では、ホスト名には、ドメイン名を除いた短縮形をご入力ください。",
	}
	unknownLimitText = finding.Text{
		En: "If the panel does not take more than 255 characters, try the value split into strings.",
		Ja: "255 文字を超える値を登録できない場合は、分割形式の値をお試しください。",
	}
	unknownOfferText = finding.Text{
		En: "If it does not take those either, ask for a CNAME instead.",
		Ja: "分割形式でも登録できないときは、CNAME による方法をご案内いたしますので、お知らせください。",
	}
	unknownTellText = finding.Text{
		En: "If it does not take those either, please tell us.",
		Ja: "分割形式でも登録できないときは、お知らせください。",
	}
	unknownTargetText = finding.Text{
		En: "If the panel appends the domain to the CNAME's target too, end the target with a dot.",
		Ja: "CNAME の参照先にもドメイン名が付加される画面では、参照先の末尾に「.」を付けてください。",
	}
	unknownProxyText = finding.Text{
		En: "If the panel has a proxy, switch it off for this CNAME.",
		Ja: "プロキシ機能のある画面では、この CNAME のプロキシを無効にしてください。",
	}
)

const (
	maxString = 255 // of a TXT record (RFC 1035 section 3.3)
	rsa2048   = 408 // the value of a record with an RSA key of 2048 bits
)

// Advice says how to enter a TXT record with this value, or a CNAME, in the
// provider's panel: sentences for the customer. The zero Provider is one that
// is not known. Where a TXT record is too long, a CNAME is offered if there can be one.
func (p Provider) Advice(value string, isCNAME, offerCNAME bool) []finding.Text {
	switch {
	case p.Name == (finding.Text{}):
		return unknownAdvice(value, isCNAME, offerCNAME)
	case isCNAME:
		return said(hostTexts[p.Host], p.appends(), p.CNAMENote)
	case !p.takes(len(value)) && p.takes(rsa2048):
		return []finding.Text{p.limit(value), smallerKeyText}
	case !p.takes(len(value)) && offerCNAME:
		return []finding.Text{p.limit(value), offerText}
	case !p.takes(len(value)):
		return []finding.Text{p.limit(value), tellText}
	case p.Value == "split" && len(value) <= maxString:
		return said(hostTexts[p.Host], p.appends(), valueTexts["quoted"], p.TXTNote)
	}
	return said(hostTexts[p.Host], p.appends(), valueTexts[p.Value], p.TXTNote)
}

func unknownAdvice(value string, isCNAME, offerCNAME bool) []finding.Text {
	switch {
	case isCNAME:
		return []finding.Text{unknownHostText, unknownTargetText, unknownProxyText}
	case len(value) <= maxString:
		return []finding.Text{unknownHostText}
	case offerCNAME:
		return []finding.Text{unknownHostText, unknownLimitText, unknownOfferText}
	}
	return []finding.Text{unknownHostText, unknownLimitText, unknownTellText}
}

// said returns the texts that say something.
func said(texts ...finding.Text) []finding.Text {
	var some []finding.Text
	for _, text := range texts {
		if text != (finding.Text{}) {
			some = append(some, text)
		}
	}
	return some
}

func (p Provider) appends() finding.Text {
	if p.AppendsDomain {
		return appendsText
	}
	return finding.Text{}
}

// takes reports whether the panel takes a value of so many bytes, as far as its
// limit is known.
func (p Provider) takes(length int) bool {
	return p.MaxValue == 0 || p.entered(length) <= p.MaxValue
}

// entered returns how many bytes there are to enter for a value of so many,
// with all quotation marks and the blanks between strings.
func (p Provider) entered(length int) int {
	switch p.Value {
	case "quoted":
		return length + len(`""`)
	case "split":
		strings := (length + maxString - 1) / maxString
		return length + strings*len(`"" `) - 1
	}
	return length
}

func (p Provider) limit(value string) finding.Text {
	length := p.entered(len(value))
	return finding.Text{En: fmt.Sprintf(tooLongText.En, p.MaxValue, length), Ja: fmt.Sprintf(tooLongText.Ja, p.MaxValue, length)}
}
