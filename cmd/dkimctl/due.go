package main

import (
	"time"

	"dkimd/internal/config"
	"dkimd/keys"
)

// dueView is a key pair with what comes next for it.
type dueView struct {
	keyView
	Next     keys.Next  `json:"next,omitempty"`
	NextFrom *time.Time `json:"next_from,omitempty"`
}

func viewDue(store *keys.Dir, c *config.Config, d *keys.Domain, k keys.Key) dueView {
	v := dueView{keyView: viewKey(store, d, k)}
	next, from := d.Next(k, time.Duration(c.Keys.KeepRecordFor), time.Duration(c.Keys.RotateAfter))
	if next != "" {
		v.Next, v.NextFrom = next, &from
	}
	return v
}

// nextText says what comes next, and since or from when on.
func (u *ui) nextText(v dueView) string {
	if v.Next == "" {
		return ""
	}
	day := v.NextFrom.Format(time.DateOnly)
	switch v.Next {
	case keys.Publish:
		return u.say("waits for its record since "+day, day+" からレコードの公開待ち")
	case keys.Rotate:
		return u.say("rotate from "+day, day+" 以降に鍵の更新")
	}
	return u.say("revoke from "+day, day+" 以降に失効")
}
