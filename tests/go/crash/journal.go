package crash

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// The server's test mode: it keeps, for each core, the bytes that writes not yet synced have
// overwritten, and with skipSync it reports writes as synced that never were.
const (
	journalVariable  = "BRAID_TEST_UNSYNCED_JOURNAL"
	skipSyncVariable = "BRAID_TEST_SKIP_SYNC"
)

// unsynced is one write that the disk may or may not hold after a power failure. In the journal
// it is {path length u32, path, offset u64, length u32, bytes before, CRC-32C u32 of all that},
// little-endian.
type unsynced struct {
	path   string
	offset int64
	before []byte
}

// sector is what a disk writes whole or not at all.
const sector = 512

// undoUnsynced takes back random sectors of the writes in the journals of a folder. dataDir is
// what relative paths start from.
func undoUnsynced(folder, dataDir string, random *rand.Rand) error {
	journals, err := filepath.Glob(filepath.Join(folder, "core-*.journal"))
	if err != nil {
		return err
	}
	for _, journal := range journals {
		bytes, err := os.ReadFile(journal)
		if err != nil {
			return err
		}
		writes, err := parseJournal(bytes)
		if err != nil {
			return fmt.Errorf("%s: %w", journal, err)
		}
		if err := undo(writes, dataDir, random); err != nil {
			return err
		}
		if err := os.Truncate(journal, 0); err != nil {
			return err
		}
	}
	return nil
}

// parseJournal leaves out a torn last record: its write was never submitted.
func parseJournal(bytes []byte) ([]unsynced, error) {
	var writes []unsynced
	for len(bytes) > 0 {
		write, size := parseRecord(bytes)
		if size == 0 {
			return writes, nil
		}
		body, sum := bytes[:size-4], binary.LittleEndian.Uint32(bytes[size-4:])
		if sum != crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) {
			return nil, errors.New("a record that is not the last has a wrong checksum")
		}
		writes = append(writes, write)
		bytes = bytes[size:]
	}
	return writes, nil
}

// parseRecord returns size 0 for a record that is not all there.
func parseRecord(bytes []byte) (write unsynced, size int) {
	if len(bytes) < 4 {
		return write, 0
	}
	pathEnd := 4 + int(binary.LittleEndian.Uint32(bytes))
	if len(bytes) < pathEnd+12 {
		return write, 0
	}
	bodyStart := pathEnd + 12
	bodyEnd := bodyStart + int(binary.LittleEndian.Uint32(bytes[pathEnd+8:]))
	if len(bytes) < bodyEnd+4 {
		return write, 0
	}
	return unsynced{
		path:   string(bytes[4:pathEnd]),
		offset: int64(binary.LittleEndian.Uint64(bytes[pathEnd:])),
		before: bytes[bodyStart:bodyEnd],
	}, bodyEnd + 4
}

// undo goes from the last write to the first, as a disk that did less and less of the work: of a
// sector that was written several times, any state between can be what is left.
func undo(writes []unsynced, dataDir string, random *rand.Rand) error {
	kept := map[string]bool{}
	// From "nearly all lost" to "nearly all written": both ends find bugs of their own.
	chance := random.Float64()
	for i := len(writes) - 1; i >= 0; i-- {
		if err := undoWrite(writes[i], dataDir, func(sectorName string) bool {
			kept[sectorName] = kept[sectorName] || random.Float64() > chance
			return !kept[sectorName]
		}); err != nil {
			return err
		}
	}
	return nil
}

func undoWrite(w unsynced, dataDir string, takeBack func(string) bool) error {
	path := w.path
	if !filepath.IsAbs(path) {
		path = filepath.Join(dataDir, path)
	}
	err := rewriteDirectly(path, w.offset, len(w.before), func(content []byte) {
		for at := 0; at < len(w.before); at += sector {
			if takeBack(path + "@" + strconv.FormatInt(w.offset+int64(at), 10)) {
				copy(content[at:min(at+sector, len(w.before))], w.before[at:])
			}
		}
	})
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
