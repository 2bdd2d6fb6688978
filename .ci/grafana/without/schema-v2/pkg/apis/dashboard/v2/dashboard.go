// Package v2 stands where dashboard-linter expects the types of Grafana's schema v2, which the module proxy does not
// give. Dashboards here are classic JSON: one of schema v2 is refused.
package v2

import "errors"

type (
	DashboardSpec struct {
		Title       string
		Editable    *bool
		Elements    map[string]DashboardElement
		Variables   []DashboardVariableKind
		Annotations []DashboardAnnotationQueryKind
	}
	DashboardElement struct{ PanelKind *struct{ Spec DashboardPanelSpec } }

	DashboardPanelSpec struct {
		Id                 float64
		Title, Description string
		Data               struct {
			Spec struct{ Queries []DashboardPanelQueryKind }
		}
		VizConfig struct {
			Group string
			Spec  struct{ FieldConfig, Options any }
		}
	}
	DashboardPanelQueryKind struct {
		Spec struct {
			RefId  string
			Hidden bool
			Query  DashboardDataQueryKind
		}
	}
	DashboardDataQueryKind struct {
		Group      string
		Datasource *struct{ Name *string }
		Spec       map[string]any
	}
	DashboardAnnotationQueryKind struct {
		Spec struct {
			Name  string
			Query DashboardDataQueryKind
		}
	}

	DashboardVariableKind struct {
		QueryVariableKind      *variable[DashboardDataQueryKind]
		DatasourceVariableKind *variable[string]
		CustomVariableKind     *variable[string]
		IntervalVariableKind   *variable[string]
		ConstantVariableKind   *variable[string]
		TextVariableKind       *variable[string]
		AdhocVariableKind      *variable[string]
		GroupByVariableKind    *variable[string]
		SwitchVariableKind     *variable[string]
	}
	variable[Query any] struct {
		Spec struct {
			Name, PluginId  string
			Label, AllValue *string
			Multi           bool
			Refresh         DashboardVariableRefresh
			Query           Query
		}
	}
	DashboardVariableRefresh string
)

const (
	DashboardVariableRefreshOnDashboardLoad    DashboardVariableRefresh = "onDashboardLoad"
	DashboardVariableRefreshOnTimeRangeChanged DashboardVariableRefresh = "onTimeRangeChanged"
)

func (*DashboardSpec) UnmarshalJSON([]byte) error {
	return errors.New("this build of dashboard-linter reads no schema v2")
}
