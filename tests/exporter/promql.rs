//! What is wrong with a PromQL expression: names and labels that the catalogue does not have, and sums that lie.
//!
//! People are in several teams and organisations, restarts and second replicas serve everything twice, and nobody adds up
//! to two people by using two editors. So each figure of GitHub's must be reduced to one series by `max by` all its labels, or
//! be worked with within one replica, `by (job, instance, …)`, before that; and the owner and the team it is about stay.

use std::collections::{BTreeMap, BTreeSet};

use github_copilot_exporter::metrics::catalogue::{CATALOGUE, SCOPE_LABELS};
use promql_parser::{
    label::MatchOp,
    parser::{
        self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorSelector,
        token::{T_ADD, T_BOTTOMK, T_MAX, T_MIN, T_SUM, T_TOPK},
    },
};

/// The labels that Prometheus adds to everything it scrapes.
const TARGET_LABELS: [&str; 2] = ["job", "instance"];

/// Series that are not in the catalogue, and have no labels of their own.
const USUAL: [&str; 10] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "process_cpu_seconds_total",
    "process_max_fds",
    "process_open_fds",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_threads",
    "process_virtual_memory_bytes",
];

/// Labels of which a person can have several values: nothing is added up over them, and there is no greatest.
const OVERLAPPING: [&str; 5] = ["enterprise", "org", "team", "assigning_team", "plan"];

/// Users by a label that has each person once: they may be added up over it.
const DISJOINT_USERS: [&str; 1] = ["github_copilot_adoption_phase_users"];

/// The names and labels that an expression may use.
#[derive(Clone, Debug)]
pub struct Known(BTreeMap<String, BTreeSet<String>>);

impl Known {
    /// What the exporter serves and Prometheus adds.
    pub fn catalogue() -> Self {
        let labels = |labels: Vec<&str>| labels.into_iter().map(str::to_owned).collect();
        let own = CATALOGUE.iter().map(|metric| (metric.name.to_owned(), labels(metric.labels())));
        let usual = USUAL.iter().map(|name| ((*name).to_owned(), BTreeSet::new()));
        Self(own.chain(usual).collect())
    }

    /// The same without a series.
    pub fn without(mut self, name: &str) -> Self {
        assert!(self.0.remove(name).is_some(), "{name} was not known");
        self
    }
}

/// What is wrong with an expression, a sentence for each; nothing if it is right.
pub fn problems(expression: &str, known: &Known) -> Vec<String> {
    let mut reader = Reader { known, problems: Vec::new() };
    match parser::parse(expression) {
        Ok(parsed) => {
            let figures = reader.read(&parsed);
            figures.iter().filter(|figure| figure.is_of_github() && !figure.is_single).for_each(|figure| {
                reader
                    .problems
                    .push(format!("{} is doubled by a second replica: take max by (…)", figure.name));
            });
        }
        Err(error) => reader.problems.push(format!("it cannot be parsed: {error}")),
    }
    reader.problems
}

/// A selected family on its way up through the expression.
#[derive(Clone, Debug)]
struct Figure {
    name: String,
    /// The labels that its series still have.
    labels: BTreeSet<String>,
    /// Those of them that tell series apart: the others have one value only.
    varying: BTreeSet<String>,
    /// Whether replicas are reduced to one.
    is_single: bool,
    /// Of whom it was selected.
    scope: BTreeSet<String>,
}

impl Figure {
    /// Whether it is a figure of GitHub's as it was scraped, and not the exporter's own or recorded by a rule.
    fn is_of_github(&self) -> bool {
        self.name.starts_with("github_copilot_") && !self.name.starts_with("github_copilot_exporter_")
    }

    /// Whether adding it up would count somebody twice.
    fn counts_people(&self) -> bool {
        self.name.ends_with("_users") && !DISJOINT_USERS.contains(&&*self.name)
    }
}

struct Reader<'a> {
    known: &'a Known,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, text: String) {
        if !self.problems.contains(&text) {
            self.problems.push(text);
        }
    }

    fn read(&mut self, expression: &Expr) -> Vec<Figure> {
        match expression {
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Unary(unary) => self.read(&unary.expr),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Paren(paren) => self.read(&paren.expr),
            Expr::Subquery(subquery) => self.read(&subquery.expr),
            Expr::VectorSelector(selector) => self.select(selector),
            Expr::MatrixSelector(matrix) => self.select(&matrix.vs),
            Expr::Call(call) => self.call(call),
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Vec::new(),
        }
    }

    fn select(&mut self, selector: &VectorSelector) -> Vec<Figure> {
        let Some(name) = selector.name.clone() else {
            self.problem(format!("{selector} has no name"));
            return Vec::new();
        };
        let Some(labels) = self.known.0.get(&name).cloned() else {
            self.problem(format!("nobody serves {name}"));
            return Vec::new();
        };
        if !selector.matchers.or_matchers.is_empty() {
            self.problem(format!("{name}: Prometheus has no `or` between labels"));
        }
        let mut varying = labels.clone();
        for matcher in &selector.matchers.matchers {
            if !labels.contains(&matcher.name) && !TARGET_LABELS.contains(&&*matcher.name) {
                self.problem(format!("{name} has no label {}", matcher.name));
            }
            if matcher.op == MatchOp::Equal {
                varying.remove(&matcher.name);
            }
            // Exactly one of the two is filled.
            match &*matcher.name {
                "org" if !matcher.is_match("") => varying.remove("enterprise"),
                "enterprise" if !matcher.is_match("") => varying.remove("org"),
                _ => false,
            };
        }
        let of_scope =
            selector.matchers.matchers.iter().filter(|matcher| SCOPE_LABELS.contains(&&*matcher.name));
        let scope = of_scope.map(ToString::to_string).collect();
        let figure = Figure { name, labels, varying, is_single: false, scope };
        if figure.is_of_github() && !selects_one_kind_of_scope(selector) {
            self.problem(format!("{} is selected of teams and of their owners together", figure.name));
        }
        vec![figure]
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Vec<Figure> {
        let mut figures = self.read(&aggregate.expr);
        if let Some(parameter) = &aggregate.param {
            figures.extend(self.read(parameter));
        }
        let kept = match &aggregate.modifier {
            Some(LabelModifier::Include(labels)) => labels.labels.iter().cloned().collect(),
            None => BTreeSet::new(),
            Some(LabelModifier::Exclude(labels)) => {
                self.problem(format!("`without ({labels})` keeps what nobody knows: say by what"));
                return figures;
            }
        };
        if [T_TOPK, T_BOTTOMK].contains(&aggregate.op.id()) {
            return figures;
        }
        for label in &kept {
            let is_there = figures.iter().any(|figure| figure.labels.contains(label));
            if !is_there && !figures.is_empty() && !TARGET_LABELS.contains(&&**label) {
                let names: BTreeSet<_> = figures.iter().map(|figure| &*figure.name).collect();
                self.problem(format!("{names:?} has no label {label} to group by"));
            }
        }
        for figure in figures.iter_mut().filter(|figure| figure.is_of_github()) {
            self.reduce(figure, aggregate, &kept);
        }
        for figure in &mut figures {
            figure.labels.retain(|label| kept.contains(label));
            figure.varying.retain(|label| kept.contains(label));
        }
        figures
    }

    fn reduce(&mut self, figure: &mut Figure, aggregate: &AggregateExpr, kept: &BTreeSet<String>) {
        let lost: BTreeSet<_> = figure.varying.difference(kept).map(String::as_str).collect();
        let name = &figure.name;
        for label in OVERLAPPING {
            if lost.contains(label) {
                self.problem(format!("{name} is aggregated over {label}: people are in several"));
            }
        }
        let is_extreme = [T_MAX, T_MIN].contains(&aggregate.op.id());
        let is_within_one = TARGET_LABELS.iter().all(|label| kept.contains(*label));
        if is_extreme && !figure.is_single && !is_within_one {
            if !lost.is_empty() {
                self.problem(format!("{name}: the max that removes replicas also removes {lost:?}"));
            }
            figure.is_single = true;
        } else if !figure.is_single && !is_within_one {
            self.problem(format!("{name} is doubled by a second replica: take max by (…) first"));
            figure.is_single = true;
        } else if aggregate.op.id() == T_SUM && figure.counts_people() && !lost.is_empty() {
            self.problem(format!("{name} is added up over {lost:?}: the same people again"));
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Vec<Figure> {
        let mut figures = self.read(&binary.lhs);
        let others = self.read(&binary.rhs);
        if binary.op.id() == T_ADD {
            for (figure, other) in
                figures.iter().flat_map(|figure| others.iter().map(move |other| (figure, other)))
            {
                if figure.is_of_github() && other.is_of_github() && figure.scope != other.scope {
                    self.problem(format!("{} and {} of others are added up", figure.name, other.name));
                }
            }
        }
        figures.extend(others);
        figures
    }

    fn call(&mut self, call: &Call) -> Vec<Figure> {
        let mut figures: Vec<_> = call.args.args.iter().flat_map(|argument| self.read(argument)).collect();
        if ["label_replace", "label_join"].contains(&call.func.name)
            && let Some(Expr::StringLiteral(label)) = call.args.args.get(1).map(|label| &**label)
        {
            for figure in &mut figures {
                if !figure.labels.insert(label.val.clone()) {
                    self.problem(format!("{} loses its label {}", figure.name, label.val));
                }
            }
        }
        figures
    }
}

/// Whether it asks for teams or for their owners, not for both.
fn selects_one_kind_of_scope(selector: &VectorSelector) -> bool {
    let mut of_team = selector.matchers.matchers.iter().filter(|matcher| matcher.name == "team");
    of_team.any(|matcher| matcher.op == MatchOp::Equal || !matcher.is_match(""))
}

#[test]
fn what_is_right_has_no_problem() {
    let known = Known::catalogue();
    for right in [
        r#"max by (org) (github_copilot_seats{job="a",org=~".+",team=""})"#,
        r#"max by (enterprise, org, team) (github_copilot_total_suggestions{team!=""})"#,
        r#"sum by (org, language) (max by (org, language, editor) (github_copilot_suggestions{org=~".+",team=""}))"#,
        r#"max by (org) (sum by (job, instance, org) (github_copilot_suggestions{org=~".+",team=""}))"#,
        r#"max by (org) (github_copilot_seats{org!="",team=""} / (github_copilot_new_seats{org!="",team=""} > 0))"#,
        r#"topk(5, max by (day, org) (github_copilot_daily_active_users{org!="",team=""}))"#,
        r#"sum by (reason) (increase(github_copilot_exporter_source_failures_total[1h])) > 0"#,
        r#"time() - max by (org) (github_copilot_day_timestamp_seconds{org=~"a|b",team=""})"#,
        r#"label_replace(max by (org) (github_copilot_seats{org!="",team=""}), "owner", "$1", "org", "(.+)")"#,
        r#"max by (org) (github_copilot_seats{org!="",team=""}) - max by (org) (github_copilot_new_seats{org!="",team=""})"#,
        r#"sum by (org) (max by (org, phase) (github_copilot_adoption_phase_users{org!="",team=""}))"#,
    ] {
        assert_eq!(problems(right, &known), [""; 0], "{right}");
    }
}

#[test]
fn what_lies_is_named() {
    for (wrong, expected) in [
        ("max by (org", "cannot be parsed"),
        (r#"max by (org) (github_copilot_seat{org!="",team=""})"#, "nobody serves github_copilot_seat"),
        (r#"max by (org) (github_copilot_seats{org!="",team="",editor="x"})"#, "has no label editor"),
        (r#"max by (org, model) (github_copilot_seats{org!="",team=""})"#, "no label model to group by"),
        (r#"max by (org) (github_copilot_seats{org!=""})"#, "of teams and of their owners together"),
        (r#"max by (org, team) (github_copilot_total_suggestions{team=~".*"})"#, "together"),
        (r#"sum by (org) (github_copilot_seats{org!="",team=""})"#, "take max by (…) first"),
        (r#"github_copilot_seats{org!="",team=""}"#, "doubled by a second replica"),
        (r#"max(github_copilot_seats{org!="",team=""})"#, "aggregated over org"),
        (r#"max by (org) (github_copilot_seats{team=""})"#, "aggregated over enterprise"),
        (r#"sum(max by (org) (github_copilot_seats{org!="",team=""}))"#, "aggregated over org"),
        (
            r#"sum by (org) (max by (org, team) (github_copilot_total_suggestions{org!="",team=~".+"}))"#,
            "over team",
        ),
        (
            r#"max by (org, language) (github_copilot_suggestions{org!="",team=""})"#,
            r#"also removes {"editor"}"#,
        ),
        (
            r#"sum by (org) (max by (org, editor) (github_copilot_editor_active_users{org!="",team=""}))"#,
            "the same people again",
        ),
        (
            r#"sum by (org) (max by (org, plan) (github_copilot_plan_seats{org!="",team=""}))"#,
            "aggregated over plan",
        ),
        (
            r#"max by (org) (github_copilot_seats{org="a",team=""}) + ignoring (org) max by (org) (github_copilot_seats{org="b",team=""})"#,
            "of others are added up",
        ),
        (
            r#"label_replace(max by (org) (github_copilot_seats{org!="",team=""}), "org", "all", "org", ".+")"#,
            "loses its label org",
        ),
        (
            r#"sum by (job, instance, org) (github_copilot_suggestions{org!="",team=""})"#,
            "by a second replica",
        ),
        (
            r#"max by (org) (sum by (job, instance, org) (github_copilot_editor_active_users{org!="",team=""}))"#,
            "the same people again",
        ),
        (r#"max without (job) (github_copilot_seats{org!="",team=""})"#, "say by what"),
        (r#"{__name__=~"github_copilot_.*"}"#, "has no name"),
    ] {
        let found = problems(wrong, &Known::catalogue());
        assert!(found.iter().any(|problem| problem.contains(expected)), "{wrong}: {found:?}");
    }
    let gone = Known::catalogue().without("github_copilot_seats");
    let right = r#"max by (org) (github_copilot_seats{org!="",team=""})"#;
    assert_eq!(problems(right, &gone), ["nobody serves github_copilot_seats"]);
}
