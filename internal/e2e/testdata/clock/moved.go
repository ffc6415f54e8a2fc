package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

// moved is how many seconds the clock is off: what the file has that CLOCK_MOVED
// names.
var moved = mapMoved()

func mapMoved() *atomic.Int64 {
	path, _ := syscall.Getenv("CLOCK_MOVED")
	file, err := syscall.Open(path, syscall.O_RDONLY, 0)
	if err != nil {
		return new(atomic.Int64)
	}
	defer syscall.Close(file)
	text, err := syscall.Mmap(file, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	return (*atomic.Int64)(unsafe.Pointer(&text[0]))
}
