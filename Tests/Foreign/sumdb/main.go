// Command sumdb reads a published log with the Go checksum database's own
// packages and accepts it or not: the signature of the checkpoint, the root
// from the tiles and again from the entries, every tile, and some proofs.
//
//	sumdb DIRECTORY KEYFILE
//
// DIRECTORY has the C2SP tlog-tiles layout (checkpoint, tile/...,
// tile/entries/...), KEYFILE holds the verifier key of the log. Build it with
// Debian's golang-go and golang-golang-x-mod-dev:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run main.go DIRECTORY KEYFILE
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// tiles reads hash tiles from a folder.
type tiles struct{ root string }

func (t tiles) Height() int { return 8 }

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		data, err := t.read(tile, "tile/8/", "tile/")
		if err != nil {
			return nil, err
		}
		if len(data) < tile.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", tile.Path(), len(data))
		}
		found = append(found, data[:tile.W*tlog.HashSize])
	}
	return found, nil
}

// read finds a tile at its own path or, if it is partial, as the full tile.
func (t tiles) read(tile tlog.Tile, prefix, replacement string) ([]byte, error) {
	path := strings.Replace(tile.Path(), prefix, replacement, 1)
	data, err := os.ReadFile(filepath.Join(t.root, filepath.FromSlash(path)))
	if os.IsNotExist(err) && tile.W < 256 {
		tile.W = 256
		path = strings.Replace(tile.Path(), prefix, replacement, 1)
		data, err = os.ReadFile(filepath.Join(t.root, filepath.FromSlash(path)))
	}
	return data, err
}

// entries reads the bundle that belongs to a level-0 tile.
func (t tiles) entries(tile tlog.Tile) ([][]byte, error) {
	tile.L = -1 // x/mod calls the entries "data"
	data, err := t.read(tile, "tile/8/data/", "tile/entries/")
	if err != nil {
		return nil, err
	}
	var found [][]byte
	for len(data) > 0 && len(found) < tile.W {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("%s ends within an entry", tile.Path())
		}
		length := int(binary.BigEndian.Uint16(data))
		found = append(found, data[2:2+length])
		data = data[2+length:]
	}
	if len(found) != tile.W {
		return nil, fmt.Errorf("%s has %d entries, not %d", tile.Path(), len(found), tile.W)
	}
	return found, nil
}

// stored is the list of hashes that x/mod keeps for a tree.
type stored []tlog.Hash

func (s stored) ReadHashes(places []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, place := range places {
		if place >= int64(len(s)) {
			return nil, fmt.Errorf("hash %d is not there", place)
		}
		found = append(found, s[place])
	}
	return found, nil
}

// hashEntries computes every hash of the tree from the entries alone.
func hashEntries(t tiles, tree tlog.Tree) (stored, error) {
	var all stored
	for first := int64(0); first < tree.N; first += 256 {
		width := 256
		if tree.N-first < 256 {
			width = int(tree.N - first)
		}
		entries, err := t.entries(tlog.Tile{H: 8, L: 0, N: first / 256, W: width})
		if err != nil {
			return nil, err
		}
		for i, entry := range entries {
			hashes, err := tlog.StoredHashes(first+int64(i), entry, all)
			if err != nil {
				return nil, err
			}
			all = append(all, hashes...)
		}
	}
	hash, err := tlog.TreeHash(tree.N, all)
	if err == nil && hash != tree.Hash {
		err = fmt.Errorf("the entries lead to %v, the checkpoint says %v", hash, tree.Hash)
	}
	return all, err
}

// tilesOf lists the tiles of a tree: tlog.NewTiles would add every narrower
// partial tile.
func tilesOf(size int64) []tlog.Tile {
	var list []tlog.Tile
	for level, count := 0, size; count > 0; level, count = level+1, count>>8 {
		for n := int64(0); n<<8 < count; n++ {
			width := int64(256)
			if count-n<<8 < width {
				width = count - n<<8
			}
			list = append(list, tlog.Tile{H: 8, L: level, N: n, W: int(width)})
		}
	}
	return list
}

// checkTiles compares every tile with the hashes of the entries. x/mod's own
// reader is not enough: version 0.7 compares only some full tiles with their
// parents.
func checkTiles(t tiles, tree tlog.Tree, all stored) error {
	for _, tile := range tilesOf(tree.N) {
		found, err := t.ReadTiles([]tlog.Tile{tile})
		if err != nil {
			return err
		}
		expected, err := tlog.ReadTileData(tile, all)
		if err != nil {
			return err
		}
		if !bytes.Equal(found[0], expected) {
			return fmt.Errorf("%s does not match the entries", tile.Path())
		}
	}
	return nil
}

// checkProofs makes and checks inclusion proofs, and one consistency proof from half the tree.
func checkProofs(tree tlog.Tree, reader tlog.HashReader) error {
	for _, index := range []int64{0, 1, tree.N / 3, tree.N / 2, tree.N - 2, tree.N - 1} {
		if index < 0 || index >= tree.N {
			continue
		}
		leaf, err := reader.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
		if err != nil {
			return err
		}
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf[0]); err != nil {
			return fmt.Errorf("entry %d: %v", index, err)
		}
	}
	old := (tree.N + 1) / 2
	oldHash, err := tlog.TreeHash(old, reader)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, old, reader)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, old, oldHash)
}

// parseCheckpoint reads origin, size and root, which x/mod reads only for one
// origin of its own: the other two lines go through its parser.
func parseCheckpoint(text, origin string) (tlog.Tree, error) {
	rest := strings.TrimPrefix(text, origin+"\n")
	if rest == text {
		return tlog.Tree{}, fmt.Errorf("the origin is not %s", origin)
	}
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

func check(root, keyFile string) (int64, error) {
	key, err := os.ReadFile(keyFile)
	if err != nil {
		return 0, err
	}
	verifier, err := note.NewVerifier(string(bytes.TrimSpace(key)))
	if err != nil {
		return 0, err
	}
	signed, err := os.ReadFile(filepath.Join(root, "checkpoint"))
	if err != nil {
		return 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return 0, err
	}
	tree, err := parseCheckpoint(opened.Text, verifier.Name())
	if err != nil {
		return 0, err
	}
	if tree.N == 0 {
		// x/mod says zeros where RFC 6962 says SHA-256 of nothing.
		if tree.Hash != sha256.Sum256(nil) {
			return 0, fmt.Errorf("an empty tree with the root %v", tree.Hash)
		}
		return 0, nil
	}
	source := tiles{root}
	reader := tlog.TileHashReader(tree, source)
	hash, err := tlog.TreeHash(tree.N, reader)
	if err != nil {
		return 0, err
	}
	if hash != tree.Hash {
		return 0, fmt.Errorf("the tiles lead to %v, the checkpoint says %v", hash, tree.Hash)
	}
	all, err := hashEntries(source, tree)
	if err != nil {
		return 0, err
	}
	if err := checkTiles(source, tree, all); err != nil {
		return 0, err
	}
	return tree.N, checkProofs(tree, reader)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sumdb DIRECTORY KEYFILE")
		os.Exit(2)
	}
	count, err := check(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "sumdb:", err)
		os.Exit(1)
	}
	fmt.Printf("sumdb: %d entries accepted\n", count)
}
