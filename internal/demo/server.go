package main

import (
	"io"
	"net"
	"strconv"

	"dkimd/internal/mta"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// server is a mail server for submission, with one user. It takes each message
// to dkimd and delivers what comes back.
type server struct {
	*smtp.Server
	milter    string // dkimd's socket
	delivered chan []byte
}

func startServer(milter string) (*server, error) {
	s := &server{milter: milter, delivered: make(chan []byte, 1)}
	s.Server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{server: s, client: c.Conn().RemoteAddr()}, nil
	}))
	s.Domain = "localhost"
	s.AllowInsecureAuth = true // it never leaves this host
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.Addr = ln.Addr().String()
	go s.Serve(ln)
	return s, nil
}

// session is one SMTP connection.
type session struct {
	server *server
	client net.Addr
	login  string
	from   string
	to     []string
}

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, given string) error {
		if user != login || given != password {
			return smtp.ErrAuthFailed
		}
		s.login = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.login == "" {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	signed, err := s.askMilter(text)
	if err != nil {
		return err
	}
	s.server.delivered <- signed
	return nil
}

// askMilter returns the message as dkimd wants it to go on.
func (s *session) askMilter(text []byte) ([]byte, error) {
	conn, err := mta.Dial("unix", s.server.milter, mta.Postfix6)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	client, port, err := net.SplitHostPort(s.client.String())
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, err
	}
	if _, err := conn.Connect(mta.Client{Addr: client, Port: uint16(number)}); err != nil {
		return nil, err
	}
	result, err := conn.Send(mta.Message{From: s.from, Recipients: s.to, Login: s.login, QueueID: "4DEMO1", Text: text})
	if err != nil {
		return nil, err
	}
	signed, err := result.Apply(text)
	if err != nil {
		return nil, err
	}
	return signed, conn.Quit()
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }
