package calendar

import (
	"slices"

	"dkimd/keys/finding"
)

// The codes.
const (
	// The customer has to be asked.
	Unreadable      finding.Code = "date_unreadable"
	SeveralDates    finding.Code = "several_dates"
	NoSuchDay       finding.Code = "no_such_day"
	WeekdayMismatch finding.Code = "weekday_mismatch"
	GoneBy          finding.Code = "date_gone_by"
	FarAway         finding.Code = "date_far_away"

	// It is done on another day, of which the customer is told the reason.
	ClosedDay finding.Code = "closed_day"
	TooLate   finding.Code = "too_late"
	Delayed   finding.Code = "delayed"

	// It is done on the first of several days, which the customer is told.
	ByThen finding.Code = "by_then"

	// It is not promised.
	TimeOfDay finding.Code = "time_of_day"

	// Good to know.
	NoWish   finding.Code = "no_date_wished"
	Assumed  finding.Code = "date_assumed"
	Computed finding.Code = "holidays_computed"
)

// meanings says what each code means and what to do. {typed} is what was written,
// {asked} the day that it means, {date} the working day that is proposed.
var meanings = finding.Table{
	Unreadable: finding.Means(finding.Error,
		"the date wished for cannot be read: {typed}", "設定希望日を読み取れません(ご記入:{typed})",
		"write the date with its day of the week; the earliest is {date}", "設定希望日を「{date_ja}」の形式でお知らせください(最短の営業日:{date_ja})"),
	SeveralDates: finding.Means(finding.Error,
		"more than one date is wished for: {typed}", "設定希望日が複数記入されています({typed})",
		"choose one date; the earliest is {date}", "設定希望日をひとつお知らせください(最短の営業日:{date_ja})"),
	NoSuchDay: finding.Means(finding.Error,
		"there is no such day: {typed}", "設定希望日にご記入の日付は存在しません({typed})",
		"write the date with its day of the week; the earliest is {date}", "設定希望日をご確認のうえ、改めてお知らせください(最短の営業日:{date_ja})"),
	WeekdayMismatch: finding.Means(finding.Error,
		"date and day of the week do not go together: {typed} is {asked}", "設定希望日の日付と曜日が一致しません(ご記入:{typed}、実際の曜日:{asked_ja})",
		"say which of the two is meant", "日付と曜日のいずれが正しいかをお知らせください"),
	GoneBy: finding.Means(finding.Error,
		"the date wished for has gone by: {asked}", "設定希望日が過ぎています({asked_ja})",
		"choose another date; the earliest is {date}", "設定希望日を改めてお知らせください(最短の営業日:{date_ja})"),

	ClosedDay: finding.Means(finding.Warning,
		"{asked}, which you wished for, is not one of our working days, so it is done on the next one, {date}", "ご希望の{asked_ja}は{why}のため、翌営業日の{date_ja}に実施いたします",
		"the answer says so", "回答文に記載しています"),
	TooLate: finding.Means(finding.Warning,
		"changes on the same day are taken until 16:00 of a working day, so it cannot be done on {asked}, which you wished for: it is done on {date}", "ご希望の{asked_ja}は、即日変更の受付時間(営業日の16時まで)を過ぎているため、{date_ja}に実施いたします",
		"the answer says so", "回答文に記載しています"),
	Delayed: finding.Means(finding.Warning,
		"your request was not handled in time for {asked}, which you wished for: it is done on {date}", "弊社での確認が遅れたため、ご希望の{asked_ja}ではなく、{date_ja}に実施いたします",
		"the answer says so", "回答文に記載しています"),
	ByThen: finding.Means(finding.Info,
		"you wished for it by {asked}, so it is done as early as it can be, on {date}", "{asked_ja}までとのご希望のため、最短の営業日である{date_ja}に実施いたします",
		"the answer says so", "回答文に記載しています"),
	TimeOfDay: finding.Means(finding.Warning,
		"a time of day is wished for: {typed}", "時間帯のご指定があります({typed})",
		"it is done within office hours, at no certain time", "時間帯のご指定は承っておりません。弊社営業時間内に実施いたします"),
	FarAway: finding.Means(finding.Error,
		"no year is given, and the next such day is far away: {asked}", "設定希望日に年の記載がなく、次の該当日は{asked_ja}となります",
		"say whether this day is meant", "{asked_ja}でよろしいかをお知らせください"),

	NoWish: finding.Means(finding.Info,
		"no date is wished for", "設定希望日のご指定はありません",
		"the earliest is {date}", "最短の営業日は{date_ja}です"),
	Assumed: finding.Means(finding.Info,
		"{typed} is taken as {asked}", "設定希望日「{typed}」を{asked_ja}と読み取りました",
		"look whether this is meant", "相違がないかをご確認ください"),
	Computed: finding.Means(finding.Info,
		"the holidays of {year} have not been announced when this program was made: they are computed", "{year}年の祝日は公表前のため、現行の法律にもとづく計算によります",
		"compare with the Cabinet Office's calendar", "内閣府の公表する祝日をご確認ください"),
}

// MovesDay reports whether a finding says why it is done on another day than the one
// that was named. Its text is a sentence for the customer.
func MovesDay(f finding.Finding) bool {
	return slices.Contains([]finding.Code{ClosedDay, TooLate, Delayed, ByThen}, f.Code)
}

// Codes says what each code means.
func Codes() finding.Table { return meanings }
