// Package syntax stands where dashboard-linter expects Loki's parser, which is large and under another licence. No
// dashboard here asks Loki: a query of it is refused.
package syntax

import (
	"errors"
	"time"
)

type (
	Expr       interface{}
	SampleExpr interface{}
	StageExpr  interface{}

	BinOpExpr struct {
		SampleExpr
		RHS SampleExpr
	}
	RangeAggregationExpr  struct{ Left *LogRangeExpr }
	VectorAggregationExpr struct{ Left SampleExpr }
	LabelReplaceExpr      struct{ Left SampleExpr }
	LogRangeExpr          struct {
		Left     Expr
		Interval time.Duration
	}
	PipelineExpr struct {
		Left        Expr
		MultiStages []StageExpr
	}
)

func ParseExpr(string) (Expr, error) {
	return nil, errors.New("this build of dashboard-linter reads no LogQL")
}
