// The benchmark's peer: the two lists and the votes as an experienced Go programmer would serve them,
// with pgx and fasthttp, and with our SQL statements.
//
//	peer -listen SOCKET -sql DIRECTORY -connections N -cache-mb M
//
// libpq's variables (PGHOST ...) say which database. With a cache, a page is served for up to 60 s,
// whatever has changed meanwhile.
package main

import (
	"context"
	"flag"
	"log"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/valyala/fasthttp"
)

// The pool has all its connections from the beginning. pgx prepares a statement on first use.
func openPool(connections int) (*pgxpool.Pool, error) {
	config, err := pgxpool.ParseConfig("")
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(connections)
	config.MinConns = int32(connections)
	return pgxpool.NewWithConfig(context.Background(), config)
}

// Anybody may connect: the NGINX in front may be another user.
func listen(socket string) (net.Listener, error) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	return listener, os.Chmod(socket, 0o666)
}

func statement(directory, name string) string {
	text, err := os.ReadFile(filepath.Join(directory, name+".sql"))
	if err != nil {
		log.Fatal(err)
	}
	return string(text)
}

func main() {
	socket := flag.String("listen", "peer.sock", "Unix socket")
	sql := flag.String("sql", "sql/queries", "the directory with the statements")
	connections := flag.Int("connections", 8, "to PostgreSQL")
	cacheMB := flag.Int("cache-mb", 0, "pages that are kept for 60 s; 0: none")
	flag.Parse()

	pool, err := openPool(*connections)
	if err != nil {
		log.Fatal(err)
	}
	shop := &shop{
		pool:          pool,
		pages:         newPages(*cacheMB << 20),
		listQuestions: statement(*sql, "list_questions"),
		listAnswers:   statement(*sql, "list_answers"),
		votes: map[string]string{
			"answers":   statement(*sql, "vote_answer"),
			"questions": statement(*sql, "vote_question"),
		},
	}
	listener, err := listen(*socket)
	if err != nil {
		log.Fatal(err)
	}
	server := fasthttp.Server{
		Handler:               shop.handle,
		IdleTimeout:           time.Minute,
		NoDefaultServerHeader: true, // NGINX sends its own, and the date
		NoDefaultDate:         true,
	}
	log.Fatal(server.Serve(listener))
}
