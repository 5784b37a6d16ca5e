// Command witness reads what a witness cosigned, and proof files, with the Go
// checksum database's own packages, and makes a proof file of its own.
//
//	witness checkpoint FILE LOGKEY WITNESSKEY
//	witness proof FILE LOGKEY WITNESSKEY ENTRY
//	witness make FILE
//
// LOGKEY and WITNESSKEY are verifier keys, of the types 1 and 4; ENTRY is the
// entry as text. The file that make writes comes from fixed keys and a fixed
// tree: Tests/Vectors/tlog-proof has it. Build it as Tests/Foreign/sumdb.
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner is a key of type 4, which x/mod does not know.
type cosigner struct {
	name    string
	id      uint32
	public  ed25519.PublicKey
	private ed25519.PrivateKey
	time    uint64
}

func keyID(name string, kind byte, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"+string([]byte{kind})), key...))
	return binary.BigEndian.Uint32(sum[:])
}

func newCosigner(vkey string) (*cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return nil, fmt.Errorf("%q is no verifier key", vkey)
	}
	material, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(material) != 33 || material[0] != 4 {
		return nil, fmt.Errorf("%q is no key of type 4", vkey)
	}
	c := &cosigner{name: parts[0], public: material[1:], id: keyID(parts[0], 4, material[1:])}
	if parts[1] != fmt.Sprintf("%08x", c.id) {
		return nil, fmt.Errorf("%q has another ID than its key", vkey)
	}
	return c, nil
}

func (c *cosigner) Name() string    { return c.name }
func (c *cosigner) KeyHash() uint32 { return c.id }

func message(time uint64, text []byte) []byte {
	return append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", time)), text...)
}

func (c *cosigner) Verify(text, sig []byte) bool {
	if len(sig) != 72 {
		return false
	}
	c.time = binary.BigEndian.Uint64(sig)
	return ed25519.Verify(c.public, message(c.time, text), sig[8:])
}

func (c *cosigner) Sign(text []byte) ([]byte, error) {
	var sig [8]byte
	binary.BigEndian.PutUint64(sig[:], c.time)
	return append(sig[:], ed25519.Sign(c.private, message(c.time, text))...), nil
}

// open verifies both signatures and returns the tree.
func open(signed []byte, logKey, witnessKey string) (tlog.Tree, uint64, error) {
	log, err := note.NewVerifier(logKey)
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	witness, err := newCosigner(witnessKey)
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	opened, err := note.Open(signed, note.VerifierList(log, witness))
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	if len(opened.Sigs) != 2 {
		return tlog.Tree{}, 0, fmt.Errorf("%d signatures where the log's and the witness's were expected", len(opened.Sigs))
	}
	rest := strings.TrimPrefix(opened.Text, log.Name()+"\n")
	if rest == opened.Text {
		return tlog.Tree{}, 0, fmt.Errorf("the origin is not %s", log.Name())
	}
	tree, err := tlog.ParseTree([]byte("go.sum database tree\n" + rest))
	return tree, witness.time, err
}

func checkProof(file []byte, logKey, witnessKey, entry string) error {
	head, signed, found := bytes.Cut(file, []byte("\n\n"))
	if !found {
		return fmt.Errorf("no empty line")
	}
	lines := strings.Split(string(head), "\n")
	if lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("the title is %q", lines[0])
	}
	lines = lines[1:]
	if strings.HasPrefix(lines[0], "extra ") {
		lines = lines[1:]
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[0], "index "), 10, 64)
	if err != nil || lines[0] != fmt.Sprintf("index %d", index) {
		return fmt.Errorf("no index: %q", lines[0])
	}
	var proof tlog.RecordProof
	for _, line := range lines[1:] {
		hash, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, hash)
	}
	tree, _, err := open(signed, logKey, witnessKey)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash([]byte(entry)))
}

// stored is the list of hashes that x/mod keeps for a tree.
type stored []tlog.Hash

func (s stored) ReadHashes(places []int64) ([]tlog.Hash, error) {
	var found []tlog.Hash
	for _, place := range places {
		found = append(found, s[place])
	}
	return found, nil
}

func makeProof() ([]byte, error) {
	const size, index = 300, 123
	var all stored
	for i := int64(0); i < size; i++ {
		hashes, err := tlog.StoredHashes(i, []byte(fmt.Sprintf("entry %d", i)), all)
		if err != nil {
			return nil, err
		}
		all = append(all, hashes...)
	}
	root, err := tlog.TreeHash(size, all)
	if err != nil {
		return nil, err
	}
	proof, err := tlog.ProveRecord(size, index, all)
	if err != nil {
		return nil, err
	}
	name, seed := "log.example/a", bytes.Repeat([]byte{1}, 32)
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	log, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, keyID(name, 1, public),
		base64.StdEncoding.EncodeToString(append([]byte{1}, seed...))))
	if err != nil {
		return nil, err
	}
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32))
	witness := &cosigner{name: "witness.example/w1", private: private, time: 1767225600}
	witness.public = private.Public().(ed25519.PublicKey)
	witness.id = keyID(witness.name, 4, witness.public)
	text := fmt.Sprintf("%s\n%d\n%s\n", name, size, root)
	signed, err := note.Sign(&note.Note{Text: text}, log, witness)
	if err != nil {
		return nil, err
	}
	file := []byte(fmt.Sprintf("c2sp.org/tlog-proof@v1\nextra %s\nindex %d\n",
		base64.StdEncoding.EncodeToString([]byte("made twice")), index))
	for _, hash := range proof {
		file = append(file, hash.String()+"\n"...)
	}
	return append(append(file, '\n'), signed...), nil
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "make":
		file, err := makeProof()
		if err != nil {
			return err
		}
		return os.WriteFile(args[1], file, 0o644)
	case len(args) == 4 && args[0] == "checkpoint":
		signed, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		tree, time, err := open(signed, args[2], args[3])
		if err == nil {
			fmt.Printf("witness: %d entries, cosigned at %d\n", tree.N, time)
		}
		return err
	case len(args) == 5 && args[0] == "proof":
		file, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		if err := checkProof(file, args[2], args[3], args[4]); err != nil {
			return err
		}
		fmt.Println("witness: proved")
		return nil
	}
	return fmt.Errorf("usage: witness checkpoint|proof|make ...")
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "witness:", err)
		os.Exit(1)
	}
}
