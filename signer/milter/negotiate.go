package milter

import (
	"encoding/binary"
	"fmt"

	milter "github.com/emersion/go-milter"
)

// offer is what an MTA says it can do, in its first frame.
type offer struct {
	version  uint32
	actions  milter.OptAction
	protocol milter.OptProtocol
}

// parseOffer reads the first frame of a connection.
func parseOffer(frame []byte) (offer, error) {
	if milter.Code(frame[4]) != milter.CodeOptNeg || len(frame) < 4+1+12 {
		return offer{}, fmt.Errorf("the connection begins with a frame %q of %d bytes, not with a negotiation: is it an MTA?", frame[4], len(frame)-4)
	}
	o := offer{
		version:  binary.BigEndian.Uint32(frame[5:]),
		actions:  milter.OptAction(binary.BigEndian.Uint32(frame[9:])),
		protocol: milter.OptProtocol(binary.BigEndian.Uint32(frame[13:])),
	}
	if o.version < 2 || o.actions&milter.OptAddHeader == 0 {
		return offer{}, fmt.Errorf("the MTA speaks milter version %d with actions %#x: version 2 and adding header fields are needed", o.version, uint32(o.actions))
	}
	return o, nil
}

// Of the steps of a message, only those with something for us are wanted, and
// where nothing can be said yet, no answer. What the MTA does not offer it does
// not understand: then it sends the step, or waits for the answer.
const (
	unwanted = milter.OptNoHelo | milter.OptNoRcptTo | milter.OptNoData | milter.OptNoUnknown
	noReply  = milter.OptNoConnReply | milter.OptNoMailReply | milter.OptNoHeaderReply | milter.OptNoBodyReply
)

// wantedMacros are asked for by name where the MTA lets us, so that its own
// settings do not matter.
var wantedMacros = map[milter.Stage][]string{
	milter.StageConnect:  {macroClient, macroDaemon},
	milter.StageMailFrom: {macroLogin, macroQueueID},
	milter.StageData:     {macroQueueID},
	milter.StageEOH:      {macroQueueID},
	milter.StageEOM:      {macroQueueID},
}

// server returns a go-milter server that answers this MTA.
func (o offer) server(session milter.Milter) *milter.Server {
	return &milter.Server{
		NewMilter: func() milter.Milter { return session },
		Actions:   o.actions & (milter.OptAddHeader | milter.OptSetSymList),
		Protocol:  o.protocol & (unwanted | noReply),
		SymList:   wantedMacros,
	}
}
