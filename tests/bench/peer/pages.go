package main

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
)

const maxAge = 60 * time.Second

// What a page is of: the questions of a product, or the answers of a question.
type pageKey struct {
	ofProduct bool
	id        int64
	page      int64
	count     int64
}

// A bounded cache; one query for all who wait for the same page. The zero value keeps nothing.
type pages struct {
	kept *otter.Cache[pageKey, []byte]
}

func newPages(mostBytes int) pages {
	if mostBytes == 0 {
		return pages{}
	}
	return pages{otter.Must(&otter.Options[pageKey, []byte]{
		MaximumWeight:    uint64(mostBytes),
		Weigher:          func(_ pageKey, body []byte) uint32 { return uint32(len(body)) },
		ExpiryCalculator: otter.ExpiryWriting[pageKey, []byte](maxAge),
	})}
}

func (pages pages) get(key pageKey, query func(context.Context, pageKey) ([]byte, error)) ([]byte, error) {
	if pages.kept == nil {
		return query(context.Background(), key)
	}
	if body, ok := pages.kept.GetIfPresent(key); ok {
		return body, nil
	}
	return pages.kept.Get(context.Background(), key, otter.LoaderFunc[pageKey, []byte](query))
}
