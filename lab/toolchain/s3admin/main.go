// s3admin makes and removes scoped users on a MinIO server.
//
// It reads JSON commands, one a line, from standard input, so that no secret
// is ever an argument, and answers each with one JSON line on standard output:
// {"ok":true} or {"ok":false,"error":"…"}. The first failing command does not
// stop the next ones. The exit code is 0 when every command succeeded, 1 otherwise,
// and 2 when the input is not JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/minio/madmin-go/v3"
)

// command is one line of input. Endpoint is host:port (plain HTTP, the lab's
// servers listen on loopback only); Root and RootSecret are the server's own
// credentials. Policy is an IAM policy document, kept under the user's name.
type command struct {
	Op         string          `json:"op"` // "put-user" or "remove-user"
	Endpoint   string          `json:"endpoint"`
	Root       string          `json:"root"`
	RootSecret string          `json:"rootSecret"`
	AccessKey  string          `json:"accessKey"`
	SecretKey  string          `json:"secretKey"` // put-user only
	Policy     json.RawMessage `json:"policy"`    // put-user only
}

type answer struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

const timeout = 2 * time.Minute // a loopback call takes milliseconds; on a busy machine the encryption of one takes many seconds

func main() {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	failed := false
	for {
		var c command
		if err := in.Decode(&c); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			fmt.Fprintln(os.Stderr, "s3admin: standard input is not JSON commands:", err)
			os.Exit(2)
		}
		a := answer{OK: true}
		if err := run(c); err != nil {
			a, failed = answer{Error: err.Error()}, true
		}
		if err := out.Encode(a); err != nil {
			fmt.Fprintln(os.Stderr, "s3admin:", err)
			os.Exit(1)
		}
	}
	if failed {
		os.Exit(1)
	}
}

func run(c command) error {
	admin, err := madmin.New(c.Endpoint, c.Root, c.RootSecret, false)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	switch c.Op {
	case "put-user":
		return putUser(ctx, admin, c)
	case "remove-user":
		return removeUser(ctx, admin, c.AccessKey)
	default:
		return fmt.Errorf("unknown op %q: use put-user or remove-user", c.Op)
	}
}

// putUser makes the user, or gives an existing one this secret and policy. The policy
// comes first, so that the user never exists without its bounds.
func putUser(ctx context.Context, admin *madmin.AdminClient, c command) error {
	if err := admin.AddCannedPolicy(ctx, c.AccessKey, c.Policy); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	if err := admin.AddUser(ctx, c.AccessKey, c.SecretKey); err != nil {
		return fmt.Errorf("user: %w", err)
	}
	_, err := admin.AttachPolicy(ctx, madmin.PolicyAssociationReq{Policies: []string{c.AccessKey}, User: c.AccessKey})
	if err != nil && madmin.ToErrorResponse(err).Code != "XMinioAdminPolicyChangeAlreadyApplied" {
		return fmt.Errorf("attach: %w", err)
	}
	return nil
}

// removeUser also succeeds when the user or its policy is gone already.
func removeUser(ctx context.Context, admin *madmin.AdminClient, accessKey string) error {
	err := admin.RemoveUser(ctx, accessKey)
	if err != nil && madmin.ToErrorResponse(err).Code != "XMinioAdminNoSuchUser" {
		return fmt.Errorf("user: %w", err)
	}
	err = admin.RemoveCannedPolicy(ctx, accessKey)
	if err != nil && madmin.ToErrorResponse(err).Code != "XMinioAdminNoSuchPolicy" {
		return fmt.Errorf("policy: %w", err)
	}
	return nil
}
