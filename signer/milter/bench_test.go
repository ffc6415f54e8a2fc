package milter_test

import (
	"fmt"
	"strings"
	"testing"

	"dkimd/internal/mta"
)

// A message of a login from MAIL to its answer, over a unix socket; the sender's
// own work is in the figure.
func BenchmarkMessage(b *testing.B) {
	f := start(b)
	for _, size := range []int{4 << 10, 100 << 10} {
		b.Run(fmt.Sprintf("%dKB", size>>10), func(b *testing.B) {
			const line = "The quick brown fox jumps over the lazy dog, and then it goes to sleep.\r\n"
			m := mta.Message{
				From: "taro@b.example", Recipients: []string{"hanako@receiver.example"}, Login: "taro@b.example", QueueID: "B1",
				Text: []byte("From: taro@b.example\r\nTo: hanako@receiver.example\r\nSubject: the plans\r\n" +
					"Date: Wed, 25 Nov 2026 12:00:00 +0900\r\nMessage-ID: <plans@b.example>\r\nMIME-Version: 1.0\r\n" +
					"Content-Type: text/plain\r\nContent-Transfer-Encoding: 7bit\r\n\r\n" + strings.Repeat(line, size/len(line)+1)),
			}
			c, err := mta.Dial("unix", f.endpoints[0].Address, mta.Postfix6)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Connect(stranger); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(size))
			for b.Loop() {
				r, err := c.Send(m)
				if err != nil || len(r.Inserted) != 1 {
					b.Fatalf("%v, %+v", err, r)
				}
			}
		})
	}
}
