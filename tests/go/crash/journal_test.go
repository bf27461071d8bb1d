package crash

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func journalRecord(path string, offset uint64, before []byte) []byte {
	record := binary.LittleEndian.AppendUint32(nil, uint32(len(path)))
	record = append(record, path...)
	record = binary.LittleEndian.AppendUint64(record, offset)
	record = binary.LittleEndian.AppendUint32(record, uint32(len(before)))
	record = append(record, before...)
	return binary.LittleEndian.AppendUint32(record, crc32.Checksum(record, crc32.MakeTable(crc32.Castagnoli)))
}

// TestUndoTearsWrites: over many tries a write of three sectors is lost as a whole, in part and
// not at all, and nothing beside it changes.
func TestUndoTearsWrites(t *testing.T) {
	outcomes := map[string]bool{}
	for seed := range uint64(200) {
		folder := t.TempDir()
		segment := filepath.Join(folder, "segment")
		content := bytes.Repeat([]byte("n"), 3*block)
		if err := os.WriteFile(segment, content, 0o644); err != nil {
			t.Fatal(err)
		}
		torn := journalRecord("segment", 0, []byte("torn"))
		journal := append(journalRecord("segment", block, bytes.Repeat([]byte("o"), 3*sector)), torn[:len(torn)-1]...)
		if err := os.WriteFile(filepath.Join(folder, "core-0.journal"), journal, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := undoUnsynced(folder, folder, rand.New(rand.NewPCG(seed, 0))); err != nil {
			t.Fatal(err)
		}
		after, err := os.ReadFile(segment)
		if err != nil {
			t.Fatal(err)
		}
		outcomes[firstBytes(after)] = true
	}
	for outcome := range outcomes {
		if strings.Contains(outcome[:block/sector]+outcome[block/sector+3:], "o") {
			t.Errorf("a sector that was not written has changed: %s", outcome)
		}
	}
	if len(outcomes) != 8 {
		t.Errorf("%d of 8 outcomes seen: %v", len(outcomes), outcomes)
	}
}

// firstBytes shows one letter for each sector.
func firstBytes(content []byte) string {
	var letters []byte
	for at := 0; at < len(content); at += sector {
		letters = append(letters, content[at])
	}
	return string(letters)
}

func TestDamagedJournalIsRefused(t *testing.T) {
	journal := append(journalRecord("a", 0, []byte("x")), journalRecord("b", 0, []byte("y"))...)
	journal[5] ^= 1
	if _, err := parseJournal(journal); err == nil {
		t.Error("a damaged record was accepted")
	}
}
