package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"dkimd/internal/testenv"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

var screenshots = flag.String("screenshots", "", "write pictures of web pages into this directory")

// tab is a tab of a real browser, and all that it has complained about.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string
}

func openTab(t *testing.T) *tab {
	testenv.NeedProgram(t, "chromium")
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath("chromium"), chromedp.NoSandbox, chromedp.UserDataDir(t.TempDir()))
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(end)
	ctx, _ := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("the browser ends with %v", err)
		}
	})
	b := &tab{t: t, ctx: ctx}
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name}, Setting: browser.PermissionSettingGranted,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b
}

// listen notes what no page of ours should do.
func (b *tab) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch event := event.(type) {
	case *log.EventEntryAdded: // a violation of the policy, or something that is not there
		b.problems = append(b.problems, event.Entry.Text+" "+event.Entry.URL)
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, fmt.Sprint(event.ExceptionDetails.Text, event.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		b.problems = append(b.problems, fmt.Sprint(event.Type, event.Args))
	case *page.EventJavascriptDialogOpening:
		b.problems = append(b.problems, "a dialog: "+event.Message)
	}
}

// noProblems reports what the browser has complained about.
func (b *tab) noProblems() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Error(problem)
	}
}

// forgive forgets complaints that had to come.
func (b *tab) forgive(texts ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.problems = slices.DeleteFunc(b.problems, func(problem string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(problem, text) })
	})
}

// fits reports a page that is wider than a phone.
func (b *tab) fits() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 900))
	if over := value(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - innerWidth`)); over > 0 {
		b.t.Errorf("%s is %d pixels wider than a phone", value(b, chromedp.Location()), over)
	}
	b.do(chromedp.ResetViewport())
}

// do does what a person does.
func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	value(b, chromedp.Steps(steps...))
}

// value returns what the page has.
func value[T any](b *tab, action chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, action)
	if err != nil {
		b.noProblems()
		b.t.Fatal(err)
	}
	return v
}

// copied returns the clipboard after the button has been pressed that copies the text
// of an element.
func (b *tab) copied(id string) string {
	b.t.Helper()
	button := fmt.Sprintf(`button[data-from=%q]`, id)
	b.do(chromedp.Click(button), chromedp.WaitVisible(button+".copied"))
	return value(b, chromedp.Evaluate[string](`navigator.clipboard.readText()`, chromedp.EvalAwaitPromise))
}

// shoot takes a picture of the page at the width of a desktop and of a phone, if
// pictures are wanted.
func (b *tab) shoot(name string) {
	if *screenshots == "" {
		return
	}
	for _, width := range []int64{1280, 390} {
		b.do(chromedp.EmulateViewport(width, 900))
		picture := value(b, chromedp.FullScreenshot(100))
		path := filepath.Join(*screenshots, fmt.Sprintf("%s-%d.png", name, width))
		if err := os.WriteFile(path, picture, 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.do(chromedp.ResetViewport())
}
