// Package conflate stands where dashboard-linter expects what merges its corrections into a file, with clients of cloud
// storage. Nothing here is corrected by the linter: `--fix` is refused.
package conflate

import "errors"

type Conflate struct{}

func New() *Conflate { return &Conflate{} }

func (*Conflate) AddData(...[]byte) error {
	return errors.New("this build of dashboard-linter fixes nothing")
}

func (*Conflate) MarshalJSON() ([]byte, error) { return nil, nil }
