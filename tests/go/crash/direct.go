package crash

import (
	"os"
	"syscall"
)

// block is what direct I/O is aligned to.
const block = 4096

// rewriteDirectly changes a part of a file past the kernel's cache. Direct writes of the killed
// process may still be under way; one that meets cached bytes not yet written makes the kernel
// report an error of the file to whoever syncs it next.
func rewriteDirectly(path string, offset int64, length int, change func(content []byte)) error {
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_DIRECT, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	start := offset / block * block
	end := (offset + int64(length) + block - 1) / block * block
	// Memory from the kernel is aligned as direct I/O wants it.
	memory, err := syscall.Mmap(-1, 0, int(end-start), syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	defer func() { _ = syscall.Munmap(memory) }()
	if _, err := file.ReadAt(memory, start); err != nil {
		return err
	}
	change(memory[offset-start:])
	_, err = file.WriteAt(memory, start)
	return err
}
