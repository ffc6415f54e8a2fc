package calendar

import (
	"slices"
	"strings"
	"testing"
	"time"

	"dkimd/keys/finding"
)

// wishes are read as received on Wednesday, 25 November 2026, unless said otherwise.
var wishes = []struct {
	typed, asked, date string
	codes              string
}{
	// A whole date.
	{"2026年12月1日(火)", "2026-12-01", "2026-12-01", ""},
	{"2026年12月1日", "2026-12-01", "2026-12-01", ""},
	{"2026年12月1日(火曜日)", "2026-12-01", "2026-12-01", ""},
	{"2026年 12月 1日 (火)", "2026-12-01", "2026-12-01", ""},
	{"2026/12/1", "2026-12-01", "2026-12-01", ""},
	{"2026/12/01(火)", "2026-12-01", "2026-12-01", ""},
	{"2026-12-01", "2026-12-01", "2026-12-01", ""},
	{"2026.12.1", "2026-12-01", "2026-12-01", ""},
	{"20261201", "2026-12-01", "2026-12-01", ""},
	{"２０２６年１２月１日（火）", "2026-12-01", "2026-12-01", ""},
	{"２０２６／１２／１", "2026-12-01", "2026-12-01", ""},
	{"2026年12月1日㈫", "2026-12-01", "2026-12-01", ""},
	{"2026年12月1日(Tue)", "2026-12-01", "2026-12-01", ""},
	{"令和8年12月1日", "2026-12-01", "2026-12-01", ""},
	{"令和８年１２月１日(火)", "2026-12-01", "2026-12-01", ""},
	{"R8.12.1", "2026-12-01", "2026-12-01", ""},
	{"Ｒ８/12/1", "2026-12-01", "2026-12-01", ""},
	{"8年12月1日", "2026-12-01", "2026-12-01", ""},
	{"26年12月1日", "2026-12-01", "2026-12-01", ""},
	{"2026年11月25日(水)", "2026-11-25", "2026-11-25", ""},
	{"2026年12月1日(火)でお願いいたします。", "2026-12-01", "2026-12-01", ""},
	{"2026年12月1日(12/1)", "2026-12-01", "2026-12-01", "date_assumed"},
	{"2027年12月1日(水・平日)", "2027-12-01", "2027-12-01", ""},

	// No year.
	{"12月1日", "2026-12-01", "2026-12-01", "date_assumed"},
	{"12/1(火)", "2026-12-01", "2026-12-01", "date_assumed"},
	{"１２／１（火）", "2026-12-01", "2026-12-01", "date_assumed"},
	{"1/5(火)", "2027-01-05", "2027-01-05", "date_assumed"},
	{"11/25", "2026-11-25", "2026-11-25", "date_assumed"},
	{"11月24日", "2026-11-24", "", "date_gone_by"},
	{"11/24(火)", "2026-11-24", "", "date_gone_by"},
	{"9月20日", "2027-09-20", "", "date_far_away"},
	{"12月1日は不可", "", "", "date_unreadable"},
	{"12/1以外", "", "", "date_unreadable"},
	{"金曜以外", "", "", "date_unreadable"},
	{"12/1(火)を希望しません", "", "", "date_unreadable"},
	{"平成38年12月1日", "", "", "date_unreadable"},
	{"H38.12.1", "", "", "date_unreadable"},
	{"本日(11/25)", "2026-11-25", "2026-11-25", "date_assumed"},
	{"本日(11/24)", "2026-11-24", "", "several_dates date_gone_by"},
	{"明日(11/27)", "2026-11-27", "", "several_dates"},
	{"来週月曜(12/7)", "2026-12-07", "", "several_dates"},
	{"来週月曜(11/30)", "2026-11-30", "2026-11-30", "date_assumed"},
	{"年内、12/1", "2026-12-01", "2026-12-01", "date_assumed"},
	{"12/1(祝)", "2026-12-01", "", "weekday_mismatch"},
	{"来年1月6日", "2027-01-06", "2027-01-06", ""},
	{"今年12月1日", "2026-12-01", "2026-12-01", ""},

	// Words.
	{"本日", "2026-11-25", "2026-11-25", ""},
	{"本日中", "2026-11-25", "2026-11-25", ""},
	{"明日", "2026-11-26", "2026-11-26", ""},
	{"明後日", "2026-11-27", "2026-11-27", ""},
	{"明日以降", "", "2026-11-26", ""},
	{"翌営業日", "", "2026-11-26", ""},
	{"至急", "", "2026-11-25", ""},
	{"大至急お願いします！！", "", "2026-11-25", ""},
	{"なるべく早く", "", "2026-11-25", ""},
	{"出来るだけ早めに", "", "2026-11-25", ""},
	{"ASAP", "", "2026-11-25", ""},
	{"なるはやで", "", "2026-11-25", ""},
	{"来週月曜", "2026-11-30", "2026-11-30", "date_assumed"},
	{"来週の月曜日", "2026-11-30", "2026-11-30", "date_assumed"},
	{"今週金曜日", "2026-11-27", "2026-11-27", "date_assumed"},
	{"再来週火曜", "2026-12-08", "2026-12-08", "date_assumed"},
	{"金曜日", "2026-11-27", "2026-11-27", "date_assumed"},
	{"次の水曜日", "2026-12-02", "2026-12-02", "date_assumed"},
	{"今週中", "2026-11-29", "2026-11-25", "by_then"},
	{"来週", "2026-12-06", "2026-11-30", ""},
	{"来週以降", "", "2026-11-30", ""},
	{"今月中", "2026-11-30", "2026-11-25", "by_then"},
	{"年内", "2026-12-31", "2026-11-25", "by_then"},
	{"", "", "2026-11-25", "no_date_wished"},
	{"　", "", "2026-11-25", "no_date_wished"},
	{"―", "", "2026-11-25", "no_date_wished"},
	{"希望なし", "", "2026-11-25", "no_date_wished"},
	{"特になし", "", "2026-11-25", "no_date_wished"},
	{"指定なし", "", "2026-11-25", "no_date_wished"},
	{"なし", "", "2026-11-25", "no_date_wished"},
	{"いつでも構いません", "", "2026-11-25", "no_date_wished"},
	{"急ぎません", "", "2026-11-25", "no_date_wished"},

	// A span of days.
	{"12/1以降", "", "2026-12-01", "date_assumed"},
	{"12月1日以降", "", "2026-12-01", "date_assumed"},
	{"12/1〜", "", "2026-12-01", "date_assumed"},
	{"12月1日以降の平日", "", "2026-12-01", "date_assumed"},
	{"12月1日以降ならいつでも", "", "2026-12-01", "date_assumed"},
	{"12/5以降", "", "2026-12-07", "date_assumed"},
	{"9月20日以降", "", "", "date_far_away"},
	{"12/1(月)以降", "", "", "weekday_mismatch"},
	{"2026年12月1日(火)以降でお願いします", "", "2026-12-01", ""},
	{"12/4までに", "2026-12-04", "2026-11-25", "date_assumed by_then"},
	{"遅くとも12/1", "2026-12-01", "2026-11-25", "date_assumed by_then"},
	{"2026年12月1日まで", "2026-12-01", "2026-11-25", "by_then"},
	{"11/25まで", "2026-11-25", "2026-11-25", "date_assumed"},
	{"2026/12/1~2026/12/4", "2026-12-04", "2026-12-01", ""},
	{"12/1〜12/4", "2026-12-04", "2026-12-01", "date_assumed"},
	{"12/5から12/6", "2026-12-06", "2026-12-07", "date_assumed closed_day"},

	// No working day.
	{"2026年11月28日(土)", "2026-11-28", "2026-11-30", "closed_day"},
	{"2027年1月1日(金)", "2027-01-01", "2027-01-05", "closed_day"},
	{"2026年12月30日(水)", "2026-12-30", "2027-01-05", "closed_day"},
	{"2027年9月20日(月・祝)", "2027-09-20", "2027-09-21", "closed_day"},
	{"2027年3月22日", "2027-03-22", "2027-03-23", "closed_day"},
	{"2028年5月3日", "2028-05-03", "2028-05-08", "closed_day holidays_computed"},
	{"2028年12月1日", "2028-12-01", "2028-12-01", "holidays_computed"},

	// A time of day.
	{"2026年12月1日(火)10時ごろ", "2026-12-01", "2026-12-01", "time_of_day"},
	{"2026/12/1 10:00", "2026-12-01", "2026-12-01", "time_of_day"},
	{"2026年12月1日 午前中", "2026-12-01", "2026-12-01", "time_of_day"},
	{"12月1日の10時〜12時", "2026-12-01", "2026-12-01", "time_of_day date_assumed"},
	{"2026/12/1 午後3時半以降", "2026-12-01", "2026-12-01", "time_of_day"},
	{"2026/12/1 16時まで", "2026-12-01", "2026-12-01", "time_of_day"},
	{"2026/12/1 AM", "2026-12-01", "2026-12-01", "time_of_day"},
	{"明日の朝", "2026-11-26", "2026-11-26", "time_of_day"},
	{"本日17時まで", "2026-11-25", "2026-11-25", "time_of_day"},

	// To be asked.
	{"2026年12月1日(水)", "2026-12-01", "", "weekday_mismatch"},
	{"2024年1月5日(木)", "2024-01-05", "", "weekday_mismatch date_gone_by"},
	{"12/1(月)", "2026-12-01", "", "weekday_mismatch"},
	{"2026年11月24日(火)", "2026-11-24", "", "date_gone_by"},
	{"2024年1月5日(金)", "2024-01-05", "", "date_gone_by"},
	{"令和6年1月5日", "2024-01-05", "", "date_gone_by"},
	{"令和元年5月7日", "2019-05-07", "", "date_gone_by"},
	{"2026年2月30日", "", "", "no_such_day"},
	{"2026年13月1日", "", "", "no_such_day"},
	{"2/29", "", "", "no_such_day"},
	{"12/1または12/3", "2026-12-01", "", "several_dates"},
	{"12月1日(火)→12月8日(火)に変更", "2026-12-01", "", "several_dates"},
	{"12/3〜12/1", "2026-12-03", "", "several_dates"},
	{"12/1/2026", "", "", "date_unreadable"},
	{"未定", "", "", "date_unreadable"},
	{"12月上旬", "", "", "date_unreadable"},
	{"3営業日以内", "", "", "date_unreadable"},
	{"ご相談", "", "", "date_unreadable"},
}

func TestWishesAreReadAsTheyAreMeant(t *testing.T) {
	office := New(newYear...)
	received := moment(t, "2026-11-25T10:00:00+09:00")
	for _, c := range wishes {
		check(t, office, received, c.typed, c.asked, c.date, c.codes)
	}
}

func TestWishesDependOnTheTimeOfReceipt(t *testing.T) {
	office := New(newYear...)
	for _, c := range []struct{ received, typed, asked, date, codes string }{
		{"2024-01-04T10:00:00+09:00", "2024年1月5日(金)", "2024-01-05", "2024-01-05", ""}, // the manual's example
		{"2024-01-05T16:00:00+09:00", "2024年1月5日(金)", "2024-01-05", "2024-01-05", ""},
		{"2024-01-05T16:01:00+09:00", "2024年1月5日(金)", "2024-01-05", "2024-01-09", "too_late"},
		{"2024-01-05T07:01:00Z", "本日", "2024-01-05", "2024-01-09", "too_late"},
		{"2024-01-05T16:01:00+09:00", "今週中", "2024-01-07", "2024-01-09", "too_late"},
		{"2024-01-05T16:01:00+09:00", "至急", "", "2024-01-09", ""},
		{"2026-11-24T14:30:00Z", "本日", "2026-11-24", "2026-11-25", "too_late"},
		{"2026-11-24T15:30:00Z", "本日", "2026-11-25", "2026-11-25", ""}, // 00:30 in Japan
		{"2026-11-22T10:00:00+09:00", "本日", "2026-11-22", "2026-11-24", "closed_day"},
		{"2026-11-20T18:00:00+09:00", "明日", "2026-11-21", "2026-11-24", "closed_day"},
		{"2026-11-22T10:00:00+09:00", "来週月曜", "2026-11-23", "2026-11-24", "date_assumed closed_day"}, // Sunday: the week ends
		{"2026-11-22T10:00:00+09:00", "今週中", "2026-11-22", "2026-11-24", "closed_day"},
		{"2026-11-25T10:00:00+09:00", "今週月曜", "2026-11-23", "", "date_gone_by"},
		{"2026-12-28T17:00:00+09:00", "年内", "2026-12-31", "2027-01-05", "too_late"},
		{"2026-12-28T17:00:00+09:00", "1/5", "2027-01-05", "2027-01-05", "date_assumed"},
		{"2026-12-15T17:00:00+09:00", "今月中", "2026-12-31", "2026-12-16", "by_then"},
		{"2027-12-31T17:00:00+09:00", "2/29", "2028-02-29", "2028-02-29", "date_assumed holidays_computed"},
	} {
		check(t, office, moment(t, c.received), c.typed, c.asked, c.date, c.codes)
	}
}

func check(t *testing.T, office *Office, received time.Time, typed, asked, date, codes string) {
	t.Helper()
	wish, findings := office.Wish(typed, received, received)
	var found []string
	for _, f := range findings {
		found = append(found, string(f.Code))
		if text := f.Text.Ja + f.Hint.Ja + f.Text.En + f.Hint.En; strings.Contains(text, Date{}.Japanese()) || strings.Contains(text, Date{}.English()) {
			t.Errorf("%q: no day is named in %q", typed, text)
		}
	}
	if got := strings.Join(found, " "); shown(wish.Asked) != asked || shown(wish.Date) != date || got != codes {
		t.Errorf("%q at %v: asked for %q, on %q, %q; want %q, %q, %q", typed, received, shown(wish.Asked), shown(wish.Date), got, asked, date, codes)
	}
}

func shown(d Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// A customer is told in one sentence why it is another day than was wished for.
func TestMovedDaysHaveTheirReason(t *testing.T) {
	office := New(Date{2026, 12, 29})
	for _, c := range []struct{ received, typed, ja, en string }{
		{"2026-11-25T10:00:00+09:00", "2027年1月1日(金)",
			"ご希望の2027年1月1日(金)は元日のため、翌営業日の2027年1月4日(月)に実施いたします",
			"Friday, 1 January 2027, which you wished for, is not one of our working days, so it is done on the next one, Monday, 4 January 2027"},
		{"2026-11-25T10:00:00+09:00", "11月28日(土)",
			"ご希望の2026年11月28日(土)は弊社休業日のため、翌営業日の2026年11月30日(月)に実施いたします", ""},
		{"2026-11-25T10:00:00+09:00", "2026年12月29日(火)",
			"ご希望の2026年12月29日(火)は弊社休業日のため、翌営業日の2026年12月30日(水)に実施いたします", ""},
		{"2026-11-25T10:00:00+09:00", "2026年12月5日から2026年12月6日",
			"ご希望の2026年12月6日(日)は弊社休業日のため、翌営業日の2026年12月7日(月)に実施いたします", ""},
		{"2026-11-25T10:00:00+09:00", "12月1日まで",
			"2026年12月1日(火)までとのご希望のため、最短の営業日である2026年11月25日(水)に実施いたします",
			"you wished for it by Tuesday, 1 December 2026, so it is done as early as it can be, on Wednesday, 25 November 2026"},
		{"2026-11-25T16:01:00+09:00", "2026年11月25日(水)",
			"ご希望の2026年11月25日(水)は、即日変更の受付時間(営業日の16時まで)を過ぎているため、2026年11月26日(木)に実施いたします",
			"changes on the same day are taken until 16:00 of a working day, so it cannot be done on Wednesday, 25 November 2026, which you wished for: it is done on Thursday, 26 November 2026"},
	} {
		_, findings := office.Wish(c.typed, moment(t, c.received), moment(t, c.received))
		i := slices.IndexFunc(findings, MovesDay)
		if i < 0 {
			t.Errorf("%q: %v", c.typed, findings)
			continue
		}
		if f := findings[i]; f.Text.Ja != c.ja || c.en != "" && f.Text.En != c.en {
			t.Errorf("%q: %q, %q", c.typed, f.Text.Ja, f.Text.En)
		}
	}
}

// A mail may be handled days after it has come: what is promised is still to come.
func TestNoDayIsPlannedThatIsGone(t *testing.T) {
	office := New(newYear...)
	for _, c := range []struct{ received, now, typed, date, codes string }{
		{"2026-11-25T10:00:00+09:00", "2026-11-25T17:59:59+09:00", "本日", "2026-11-25", ""},
		{"2026-11-25T10:00:00+09:00", "2026-11-25T18:00:00+09:00", "本日", "2026-11-26", "delayed"},
		{"2026-11-25T16:01:00+09:00", "2026-11-25T16:30:00+09:00", "本日", "2026-11-26", "too_late"},
		{"2026-11-25T16:01:00+09:00", "2026-11-27T10:00:00+09:00", "本日", "2026-11-27", "too_late"},
		{"2026-11-25T10:00:00+09:00", "2026-11-30T10:00:00+09:00", "2026年11月27日(金)", "2026-11-30", "delayed"},
		{"2026-11-25T10:00:00+09:00", "2026-11-28T10:00:00+09:00", "2026年11月28日(土)", "2026-11-30", "closed_day"},
		{"2026-11-25T10:00:00+09:00", "2026-11-30T10:00:00+09:00", "2026年12月1日(火)", "2026-12-01", ""},
		{"2026-11-25T10:00:00+09:00", "2026-12-01T09:00:00+09:00", "12/1まで", "2026-12-01", "date_assumed"},
		{"2026-11-25T10:00:00+09:00", "2026-11-30T10:00:00+09:00", "至急", "2026-11-30", ""},
		{"2026-11-25T10:00:00+09:00", "2026-11-20T10:00:00+09:00", "本日", "2026-11-25", ""}, // a clock that is wrong
	} {
		wish, findings := office.Wish(c.typed, moment(t, c.received), moment(t, c.now))
		var found []string
		for _, f := range findings {
			found = append(found, string(f.Code))
		}
		if got := strings.Join(found, " "); shown(wish.Date) != c.date || got != c.codes {
			t.Errorf("%q of %s, handled %s: on %s, %q, want %s, %q", c.typed, c.received, c.now, shown(wish.Date), got, c.date, c.codes)
		}
	}
}

// FuzzWish: whatever is written, the day is a working day that is not before the
// earliest one, and there is one unless the customer has to be asked.
func FuzzWish(f *testing.F) {
	for _, c := range wishes {
		f.Add(c.typed, int64(1795568400))
	}
	office := New(newYear...)
	f.Fuzz(func(t *testing.T, typed string, at int64) {
		received := time.Unix(at%(1<<32), 0) // until 2106
		wish, findings := office.Wish(typed, received, received)
		if wish.Date.IsZero() != finding.HasError(findings) {
			t.Fatalf("%q gives %v, %v", typed, wish, findings)
		}
		if !wish.Date.IsZero() && (!office.IsOpen(wish.Date) || wish.Date.Before(office.Earliest(received))) {
			t.Errorf("%q gives %v", typed, wish)
		}
		for _, f := range findings {
			if text := f.Text.En + f.Text.Ja + f.Hint.En + f.Hint.Ja; strings.ContainsAny(text, "{}\n\x1b") && !strings.ContainsAny(typed, "{}") {
				t.Errorf("%q gives the text %q", typed, text)
			}
		}
	})
}
