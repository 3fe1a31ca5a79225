package main

import (
	"context"
	"log"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/valyala/fasthttp"
)

const (
	usualCount  = 5
	mostCount   = 1000
	mostAnswers = 100 // of each question on a product's page
)

type shop struct {
	pool          *pgxpool.Pool
	pages         pages
	listQuestions string
	listAnswers   string
	votes         map[string]string // by what is voted on
}

func (shop *shop) handle(request *fasthttp.RequestCtx) {
	rest, found := strings.CutPrefix(strings.TrimSuffix(string(request.Path()), "/"), "/qa/")
	what, rest, _ := strings.Cut(rest, "/")
	id, list, _ := strings.Cut(rest, "/")
	switch {
	case !found:
		fail(request, fasthttp.StatusNotFound)
	case request.IsGet() && what == "questions" && id == "":
		shop.serveList(request, request.QueryArgs().Peek("product_id"), true)
	case request.IsGet() && what == "questions" && list == "answers":
		shop.serveList(request, []byte(id), false)
	case request.IsPut() && shop.votes[what] != "" && list == "helpful":
		shop.vote(request, shop.votes[what], id)
	default:
		fail(request, fasthttp.StatusNotFound)
	}
}

func (shop *shop) serveList(request *fasthttp.RequestCtx, id []byte, ofProduct bool) {
	number, isNumber := positive(id, 0)
	page, isPage := positive(request.QueryArgs().Peek("page"), 1)
	count, isCount := positive(request.QueryArgs().Peek("count"), usualCount)
	if !isNumber || !isPage || !isCount {
		fail(request, fasthttp.StatusBadRequest)
		return
	}
	body, err := shop.pages.get(pageKey{ofProduct, number, page, min(count, mostCount)}, shop.query)
	if err != nil {
		log.Print(err)
		fail(request, fasthttp.StatusServiceUnavailable)
		return
	}
	request.Response.Header.Set("Cache-Control", "no-cache")
	request.Response.Header.Set("Vary", "Accept-Encoding")
	request.SetContentType("application/json")
	request.Response.SetBodyRaw(body)
}

func (shop *shop) query(context context.Context, key pageKey) (body []byte, err error) {
	var hasMore bool // of the list; nobody is told
	skipped := (key.page - 1) * key.count
	if key.ofProduct {
		err = shop.pool.QueryRow(context, shop.listQuestions, key.id, key.count, skipped, mostAnswers).Scan(&body, &hasMore)
	} else {
		err = shop.pool.QueryRow(context, shop.listAnswers, key.id, key.page, key.count, skipped).Scan(&body, &hasMore)
	}
	return body, err
}

func (shop *shop) vote(request *fasthttp.RequestCtx, statement, id string) {
	number, isNumber := positive([]byte(id), 0)
	if !isNumber {
		fail(request, fasthttp.StatusBadRequest)
		return
	}
	changed, err := shop.pool.Exec(context.Background(), statement, number, 1)
	switch {
	case err != nil:
		log.Print(err)
		fail(request, fasthttp.StatusServiceUnavailable)
	case changed.RowsAffected() == 0:
		fail(request, fasthttp.StatusNotFound)
	default:
		request.SetStatusCode(fasthttp.StatusNoContent)
	}
}

// positive is a number from 1, or `otherwise`, unless that is 0, where nothing is given.
func positive(text []byte, otherwise int64) (number int64, valid bool) {
	if len(text) == 0 {
		return otherwise, otherwise != 0
	}
	number, err := strconv.ParseInt(string(text), 10, 32)
	return number, err == nil && number > 0
}

func fail(request *fasthttp.RequestCtx, status int) {
	request.SetStatusCode(status)
	request.SetContentType("application/problem+json")
	request.SetBodyString(`{"type":"about:blank","title":"` + fasthttp.StatusMessage(status) +
		`","status":` + strconv.Itoa(status) + `}`)
}
