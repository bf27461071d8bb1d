// Package record writes down what clients ask of a server and hear from it, in the format of
// docs/history-format.md. Its interceptors do so for everything that goes over a connection.
package record

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// Recorder writes one history. All connections that share it have its one clock, and lines are
// in the order of time.
type Recorder struct {
	mu     sync.Mutex
	file   *os.File
	buffer *bufio.Writer
	start  time.Time
	// clients by their connection.
	clients map[*grpc.ClientConn]int64
	// open are the calls without a return: whose they are.
	open map[int64]int64
	// holds are the locks that clients hold.
	holds   map[heldLock]bool
	last    int64
	failure error
}

// heldLock is a lock and who holds it.
type heldLock struct {
	client int64
	lock   string
}

// Create begins a history in a new file.
func Create(path string) (*Recorder, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	r := &Recorder{file: file, buffer: bufio.NewWriter(file), start: time.Now(),
		clients: map[*grpc.ClientConn]int64{}, open: map[int64]int64{}, holds: map[heldLock]bool{}}
	r.write(&line{Event: "history", Version: 1, Clock: "one"})
	return r, nil
}

// Path is the file.
func (r *Recorder) Path() string { return r.file.Name() }

// Restart notes that the server is about to start again. No client may send to it before.
func (r *Recorder) Restart() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.write(&line{Event: "restart", Time: r.now()})
}

// Finish ends the history. Calls under way are lost.
func (r *Recorder) Finish() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, client := range r.open {
		r.write(&line{Event: "return", Client: client, ID: id, Time: r.now(), Lost: "the history ended"})
	}
	clear(r.open)
	ended := make([]int64, 0, len(r.clients))
	for _, client := range r.clients {
		ended = append(ended, client)
	}
	slices.Sort(ended)
	for _, client := range ended {
		r.write(&line{Event: "end", Client: client, Time: r.now()})
	}
	r.write(&line{Event: "end", Time: r.now()})
	return errors.Join(r.failure, r.buffer.Flush(), r.file.Close())
}

// now is called with the lock held, so that the order of lines is that of their times.
func (r *Recorder) now() int64 { return time.Since(r.start).Nanoseconds() }

// number makes numbers for calls, watchers and streams.
func (r *Recorder) number() int64 {
	r.last++
	return r.last
}

func (r *Recorder) client(conn *grpc.ClientConn) int64 {
	if r.clients[conn] == 0 {
		r.clients[conn] = int64(len(r.clients) + 1)
	}
	return r.clients[conn]
}

// call notes a request that is about to be sent.
func (r *Recorder) call(conn *grpc.ClientConn, request map[string]any) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	client, id := r.client(conn), r.number()
	r.open[id] = client
	r.write(&line{Event: "call", Client: client, ID: id, Time: r.now(), Request: request})
	return id
}

// returned notes what became of a call; one of response and err is set.
func (r *Recorder) returned(id int64, response map[string]any, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	client, open := r.open[id]
	if !open {
		return
	}
	delete(r.open, id)
	l := &line{Event: "return", Client: client, ID: id, Time: r.now(), Response: response}
	if err != nil {
		l.Error, l.Lost = failure(err)
	}
	r.write(l)
}

// lost notes that nobody will hear what became of a call.
func (r *Recorder) lost(id int64, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if client, open := r.open[id]; open {
		delete(r.open, id)
		r.write(&line{Event: "return", Client: client, ID: id, Time: r.now(), Lost: why})
	}
}

// write keeps the first error for the end.
func (r *Recorder) write(l *line) {
	text, err := json.Marshal(l)
	if err == nil {
		_, err = r.buffer.Write(append(text, '\n'))
	}
	if r.failure == nil {
		r.failure = err
	}
}

// line has the fields of all kinds of lines.
type line struct {
	Event    string         `json:"event"`
	Version  int            `json:"version,omitempty"`
	Clock    string         `json:"clock,omitempty"`
	Client   int64          `json:"client,omitempty"`
	ID       int64          `json:"id,omitempty"`
	Watch    int64          `json:"watch,omitempty"`
	Stream   int64          `json:"stream,omitempty"`
	Time     int64          `json:"time,omitzero"`
	Request  map[string]any `json:"request,omitempty"`
	Create   *watchCreate   `json:"create,omitempty"`
	Response any            `json:"response,omitempty"`
	Error    string         `json:"error,omitempty"`
	Lost     string         `json:"lost,omitempty"`
	Lock     string         `json:"lock,omitempty"`
	Lease    int64          `json:"lease,omitempty"`
}
