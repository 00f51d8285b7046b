package db

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"

	"github.com/tongdan/tongdan/fault"
)

// A zipper compresses and opens bodies. It may be used concurrently.
type zipper struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

// newZipper makes one that so many may use at once without waiting: each of them has a
// table of a quarter of a megabyte, which with many of them would not stay near the processor.
func newZipper(atOnce int) (*zipper, error) {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(atOnce), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(64<<10))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(atOnce), zstd.WithDecoderMaxMemory(4*maxBody))
	return &zipper{enc, dec}, err
}

// worthZip is from how many bytes on a document is compressed. What is shorter gets some
// tenths shorter still, and costs as much as a long one: tables are built for either.
const worthZip = 512

// zip compresses what is worth it, and keeps the rest as it is. What would be taken for
// compressed although it is not, is compressed too.
func (z *zipper) zip(b []byte) []byte {
	if len(b) < worthZip && !bytes.HasPrefix(b, zstdMagic) {
		return b
	}
	return z.enc.EncodeAll(b, make([]byte, 0, len(b)/3+64))
}

// unzip opens what zip gave; what was not compressed shares memory with b.
func (z *zipper) unzip(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, zstdMagic) {
		return b, nil
	}
	out, err := z.dec.DecodeAll(b, nil)
	if err != nil {
		return nil, &fault.Error{Op: "db.unzip", Code: fault.Internal, Words: "a stored body is broken", Err: err}
	}
	return out, nil
}

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

// clean makes a text one that both engines keep, and no longer than limit bytes.
func clean(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
}
