package mta

// Offer is what an MTA says it can do.
type Offer struct{ Version, Actions, Protocol uint32 }

// Actions that a milter may ask for.
const (
	AddHeader  = 1 << 0
	SetSymbols = 1 << 8
	allActions = 1<<9 - 1
)

// What a milter may ask an MTA to leave out: steps, and answers to steps.
const (
	noConnect          = 1 << 0
	noHelo             = 1 << 1
	noMail             = 1 << 2
	noRcpt             = 1 << 3
	noBody             = 1 << 4
	noHeader           = 1 << 5
	noEndOfHeader      = 1 << 6
	noHeaderReply      = 1 << 7
	noUnknown          = 1 << 8
	noData             = 1 << 9
	MaySkip            = 1 << 10 // the rest of the body, which a Conn does not do
	noConnectReply     = 1 << 12
	noHeloReply        = 1 << 13
	noMailReply        = 1 << 14
	noRcptReply        = 1 << 15
	noDataReply        = 1 << 16
	noEndOfHeaderReply = 1 << 18
	noBodyReply        = 1 << 19
)

// What Postfix offers, by its milter_protocol. It knows no version 5.
var (
	Postfix2 = Offer{2, allActions, 0x7f}
	Postfix3 = Offer{3, allActions, 0x17f}
	Postfix4 = Offer{4, allActions, 0x37f}
	Postfix6 = Offer{6, allActions, 0x1fffff}
)

// Bare is the least that a milter that adds header fields can be offered: every
// step, and an answer to each.
var Bare = Offer{2, AddHeader, 0}

// step is one thing that an MTA tells a milter.
type step struct {
	command byte
	skip    uint32 // leaves it out
	silent  uint32 // leaves its answer out
	since   uint32 // the version that has it first
	stage   uint32 // which macros go with it
}

// Stages that a milter can name macros for.
const (
	stageConnect = iota
	stageHelo
	stageMail
	stageRcpt
	stageData
	stageEndOfBody
	stageEndOfHeader
)

var (
	stepConnect     = step{Connect, noConnect, noConnectReply, 2, stageConnect}
	stepHelo        = step{Helo, noHelo, noHeloReply, 2, stageHelo}
	stepMail        = step{Mail, noMail, noMailReply, 2, stageMail}
	stepRcpt        = step{Rcpt, noRcpt, noRcptReply, 2, stageRcpt}
	stepData        = step{Data, noData, noDataReply, 4, stageData}
	stepHeader      = step{Header, noHeader, noHeaderReply, 2, stageEndOfHeader}
	stepEndOfHeader = step{EndOfHeader, noEndOfHeader, noEndOfHeaderReply, 2, stageEndOfHeader}
	stepBody        = step{Body, noBody, noBodyReply, 2, stageEndOfBody}
	stepEndOfBody   = step{EndOfBody, 0, 0, 2, stageEndOfBody}
)

// defaultSymbols are the macros that go with a stage for which the milter names
// none: Postfix's milter_*_macros, as far as they matter to a signer.
var defaultSymbols = map[uint32][]string{
	stageConnect:     {"j", "{daemon_name}", "v"},
	stageMail:        {"i", "{auth_authen}", "{mail_addr}"},
	stageRcpt:        {"i", "{rcpt_addr}"},
	stageData:        {"i"},
	stageEndOfHeader: {"i"},
	stageEndOfBody:   {"i"},
}
