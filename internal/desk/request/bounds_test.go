package request

import (
	"encoding/json"
	"strings"
	"testing"
)

// longCells is a table whose head would be repeated in each row.
func longCells(size int) string {
	long := strings.Repeat("(", size/4)
	return "値" + long + "\tホスト名" + long + "\n" + strings.Repeat("a\tb\n", size/8)
}

// Mails beyond the bound, made to take long: each ends, and what comes out of it is
// small.
func TestLargeMailsAreBounded(t *testing.T) {
	const size = 2 * maxText
	fill := func(pattern string) string { return strings.Repeat(pattern, size/len(pattern)) }
	html := "From: taro@example.jp\nContent-Type: text/html\n\n"
	parts := "From: taro@example.jp\nContent-Type: multipart/mixed; boundary=b\n\n"
	for name, mail := range map[string]string{
		"one line":               fill("x"),
		"lines":                  fill("x\n"),
		"blank lines":            fill("\n"),
		"headings":               fill("【SPFの設定を希望します】\n"),
		"labels":                 "【SPFの設定を希望します】\n" + fill("値:\n"),
		"hosts":                  "【SPFの設定を希望します】\nホスト名:" + fill("a.jp、") + "\n値:v=spf1 -all\n",
		"all kinds of all hosts": "【SPF、DKIM、DMARCの設定を希望します】\n" + fill("ホスト名:a.jp\n"),
		"a value without end":    "【DKIMの設定を希望します】\n値:v=DKIM1; p=\n" + fill("MMMM\n"),
		"a line without end":     "【DKIMの設定を希望します】\n値:v=DKIM1; p=" + fill("M"),
		"a date without end":     "【DKIMの設定を希望します】\nドメイン名:a.jp\n設定希望日:" + fill("1/1"),
		"rows":                   "ホスト名|値|設定希望日\n" + fill("a.jp|v=spf1 -all|1/1\n"),
		"a head with long cells": longCells(96 << 10),
		"a row without end":      fill("ホスト名|") + "\n" + fill("a.jp|"),
		"attributions":           fill("10:00 @:\n\n> x\n"),
		"headers":                "x\n" + fill("From: x\n"),
		"changes":                "【SPFの変更を希望します】\n" + fill("変更前\nホスト名:a.jp\n値:v=spf1 -all\n変更後\n値:v=spf1 ~all\n"),
		"quotation marks":        fill(">"),
		"Japanese":               fill("設"),
		"escape sequences":       fill("\x1b$B"),
		"not UTF-8":              fill("\x81"),
		"header":                 "From: a@example.jp\n" + fill("X: y\n") + "\nx",
		"addresses":              "From: " + fill("a@example.jp, ") + "\n\nx",
		"encoded words":          "From: a@example.jp\nSubject: " + fill("=?iso-2022-jp?B?GyRC?= ") + "\n\nx",
		"HTML":                   html + fill("<p>x"),
		"HTML, open comments":    html + fill("<!--"),
		"HTML, open tags":        html + fill("<head"),
		"HTML, quotations":       html + fill("<blockquote>x"),
		"parts":                  parts + fill("--b\n\nx\n"),
		"parts, empty lines":     parts + fill("\n--"),
		"parts in parts":         strings.Repeat("Content-Type: multipart/mixed; boundary=b\n\n--b\n", size/50),
		"base64":                 "From: a@example.jp\nContent-Transfer-Encoding: base64\n\n" + fill("QUFB\n"),
	} {
		content, err := json.Marshal(Read([]byte(mail), morning, morning, office))
		if err != nil {
			t.Fatal(name, err)
		}
		if len(content) > 20*maxText {
			t.Errorf("%s: %d bytes come out", name, len(content))
		}
	}
}
