// Package member starts, kills and restarts one server process on loopback: Braid or etcd.
package member

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
)

// Kind tells which program a binary is: a few flags exist only on one of them.
type Kind int

// The programs under test.
const (
	Braid Kind = iota
	Etcd
)

// Config says how a server is started. The zero values of Cores and Shards leave the server's
// defaults; etcd ignores both.
type Config struct {
	Binary string
	// Dir holds the data directory and the log. It must survive restarts.
	Dir    string
	Cores  int
	Shards int
	// Args and Env are appended as they are.
	Args []string
	Env  []string
	// Dial is for each connection to it, as a recorder's options.
	Dial []grpc.DialOption
	// Prefix is a command that runs the server, as `prlimit …`; it must keep the process id.
	Prefix []string
}

// Member is a server process. Its ports stay the same over restarts.
type Member struct {
	cfg        Config
	kind       Kind
	client     int
	peer       int
	cmd        *exec.Cmd
	exited     chan struct{}
	exitStatus error
}

// Start runs the server and waits until it answers.
func Start(cfg Config) (*Member, error) {
	kind, err := kindOf(cfg.Binary)
	if err != nil {
		return nil, err
	}
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	m := &Member{cfg: cfg, kind: kind, client: ports[0], peer: ports[1]}
	return m, m.launch()
}

// kindOf asks the binary: only etcd's version text begins with its own name.
func kindOf(binary string) (Kind, error) {
	out, err := exec.Command(binary, "--version").Output()
	if err != nil {
		return 0, fmt.Errorf("%s --version: %w", binary, err)
	}
	if strings.HasPrefix(string(out), "etcd Version") {
		return Etcd, nil
	}
	return Braid, nil
}

// Kind is the program that runs.
func (m *Member) Kind() Kind { return m.kind }

// Address is where clients connect: host:port.
func (m *Member) Address() string { return "127.0.0.1:" + strconv.Itoa(m.client) }

// Pid is the process of the current run.
func (m *Member) Pid() int { return m.cmd.Process.Pid }

// Dir holds the data directory and the log.
func (m *Member) Dir() string { return m.cfg.Dir }

// DataDir is where the server keeps its files.
func (m *Member) DataDir() string { return filepath.Join(m.cfg.Dir, "data") }

// LogPath is the server's stderr and stdout of all runs.
func (m *Member) LogPath() string { return filepath.Join(m.cfg.Dir, "log") }

// SetCores changes the number of cores for the next start.
func (m *Member) SetCores(cores int) { m.cfg.Cores = cores }

func (m *Member) launch() error {
	if err := os.MkdirAll(m.cfg.Dir, 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(m.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	line := slices.Concat(m.cfg.Prefix, []string{m.cfg.Binary}, m.args())
	m.cmd = exec.Command(line[0], line[1:]...)
	m.cmd.Env = append(os.Environ(), m.cfg.Env...)
	m.cmd.Stdout, m.cmd.Stderr = log, log
	// A harness that dies (a test's timeout panics) must not leave servers behind.
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.cmd.Start(); err != nil {
		return err
	}
	m.exited = make(chan struct{})
	go m.reap(m.cmd, m.exited)
	return m.waitReady()
}

func (m *Member) reap(cmd *exec.Cmd, exited chan struct{}) {
	m.exitStatus = cmd.Wait()
	close(exited)
}

func (m *Member) args() []string {
	client := "http://" + m.Address()
	peer := "http://127.0.0.1:" + strconv.Itoa(m.peer)
	args := []string{
		"--name=default", "--data-dir=" + m.DataDir(),
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer,
		"--initial-cluster=default=" + peer, "--log-level=warn",
	}
	if m.kind == Braid && m.cfg.Cores > 0 {
		args = append(args, "--cores="+strconv.Itoa(m.cfg.Cores))
	}
	if m.kind == Braid && m.cfg.Shards > 0 {
		args = append(args, "--shards="+strconv.Itoa(m.cfg.Shards))
	}
	return append(args, m.cfg.Args...)
}

// startLimit is generous: other test processes share the machine.
const startLimit = 60 * time.Second

func (m *Member) waitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	for {
		err := m.probe(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-m.exited:
			return fmt.Errorf("server left at start: %v\n%s", m.exitStatus, m.LogTail())
		case <-ctx.Done():
			return fmt.Errorf("server not ready: %w\n%s", err, m.LogTail())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Dial opens one gRPC connection without retries: a test must see each error.
func (m *Member) Dial(options ...grpc.DialOption) (*grpc.ClientConn, error) {
	return Dial(m.Address(), slices.Concat(m.cfg.Dial, options)...)
}

// Kill ends the process as a power failure of the process would, and waits for its end.
func (m *Member) Kill() error { return m.signal(syscall.SIGKILL) }

// Stop asks the process to leave and waits for its end.
func (m *Member) Stop() error {
	if err := m.signal(syscall.SIGTERM); err != nil {
		return err
	}
	var exit *exec.ExitError
	if errors.As(m.exitStatus, &exit) && !leftBySignal(exit, syscall.SIGTERM) {
		return fmt.Errorf("after SIGTERM: %w\n%s", exit, m.LogTail())
	}
	return nil
}

// leftBySignal: etcd ends itself with the signal that it was sent.
func leftBySignal(exit *exec.ExitError, sig syscall.Signal) bool {
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == sig
}

const stopLimit = 30 * time.Second

func (m *Member) signal(sig syscall.Signal) error {
	if !m.Running() {
		return nil
	}
	if err := m.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-m.exited:
		return nil
	case <-time.After(stopLimit):
		_ = m.cmd.Process.Kill()
		return fmt.Errorf("server did not leave within %v of %v", stopLimit, sig)
	}
}

// ExitCode waits until the process leaves by itself.
func (m *Member) ExitCode() (int, error) {
	select {
	case <-m.exited:
		return m.cmd.ProcessState.ExitCode(), nil
	case <-time.After(stopLimit):
		return 0, fmt.Errorf("server did not leave within %v", stopLimit)
	}
}

// Running tells whether the process is still there.
func (m *Member) Running() bool {
	select {
	case <-m.exited:
		return false
	default:
		return true
	}
}

// Restart starts the server again on the same data and ports.
func (m *Member) Restart() error {
	if m.Running() {
		return errors.New("restart of a running server")
	}
	return m.launch()
}

// LogTail is the end of the server's log, for failure messages.
func (m *Member) LogTail() string {
	const tail = 4096
	text, err := os.ReadFile(m.LogPath())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-tail):])
}
