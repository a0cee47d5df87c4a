// Checks what script/evidence and the extension make, by a library that nobody of this project
// wrote: golang.org/x/mod/sumdb, which Go's own checksum database and its clients use.
//
// Usage: foreign KEY FOLDER PROOF-FILE
//
// FOLDER is that of script/evidence publish and serve, PROOF-FILE is what azr_prove gave.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A proof by azr_prove: what is needed of it.
type proof struct {
	Index      int64
	Proof      []string
	Checkpoint string
}

// The tiles of a folder. C2SP's paths lack the height, which is always 8.
type tiles struct{ folder string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) path(tile tlog.Tile) string {
	return filepath.Join(t.folder, strings.Replace(tile.Path(), "tile/8/", "tile/", 1))
}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range wanted {
		bytes, err := os.ReadFile(t.path(tile))
		if err != nil {
			return nil, err
		}
		data = append(data, bytes)
	}
	return data, nil
}

// The entries of a log of that size, by the bundles of a folder.
func (t tiles) entries(size int64) [][]byte {
	var entries [][]byte
	for bundle := int64(0); bundle*256 < size; bundle++ {
		width := size - bundle*256
		if width > 256 {
			width = 256
		}
		path := tlog.Tile{H: 8, L: -1, N: bundle, W: int(width)}
		data, err := os.ReadFile(strings.Replace(t.path(path), "/data/", "/entries/", 1))
		check(err)
		for len(data) > 0 {
			end := 2 + int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:end])
			data = data[end:]
		}
	}
	if int64(len(entries)) != size {
		log.Fatalf("%d entries in a log of %d", len(entries), size)
	}
	return entries
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func hash(text string) tlog.Hash {
	hash, err := tlog.ParseHash(text)
	check(err)
	return hash
}

// The tree that a signed note is of.
func open(text string, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open([]byte(text), note.VerifierList(verifier))
	check(err)
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	check(err)
	return tlog.Tree{N: size, Hash: hash(lines[2])}
}

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("usage: foreign KEY FOLDER PROOF-FILE")
	}
	verifier, err := note.NewVerifier(os.Args[1])
	check(err)
	folder := tiles{os.Args[2]}

	// the latest note, its tiles and its entries
	data, err := os.ReadFile(filepath.Join(folder.folder, "checkpoint"))
	check(err)
	latest := open(string(data), verifier)
	reader := tlog.TileHashReader(latest, folder)
	entries := folder.entries(latest.N)
	for i, entry := range entries {
		hashes, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(i))})
		check(err)
		if own := tlog.RecordHash(entry); !bytes.Equal(own[:], hashes[0][:]) {
			log.Fatalf("entry %d does not give its leaf", i)
		}
	}
	fmt.Printf("%d entries\n", len(entries))

	// each note before: the log that it is of has grown to the latest one
	notes, err := os.ReadDir(filepath.Join(folder.folder, "checkpoints"))
	check(err)
	for _, file := range notes {
		data, err := os.ReadFile(filepath.Join(folder.folder, "checkpoints", file.Name()))
		check(err)
		older := open(string(data), verifier)
		if older.N == 0 {
			continue
		}
		consistency, err := tlog.ProveTree(latest.N, older.N, reader)
		check(err)
		check(tlog.CheckTree(consistency, latest.N, latest.Hash, older.N, older.Hash))
	}
	fmt.Printf("%d notes\n", len(notes))

	// the proof
	data, err = os.ReadFile(os.Args[3])
	check(err)
	var given proof
	check(json.Unmarshal(data, &given))
	tree := open(given.Checkpoint, verifier)
	var inclusion tlog.RecordProof
	for _, text := range given.Proof {
		inclusion = append(inclusion, hash(text))
	}
	check(tlog.CheckRecord(inclusion, tree.N, tree.Hash, given.Index, tlog.RecordHash(entries[given.Index])))
	fmt.Printf("entry %d is in the log\n", given.Index)
}
