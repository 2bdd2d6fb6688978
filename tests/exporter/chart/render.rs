//! Helm, and what it renders.

use std::{
    collections::BTreeMap,
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex, OnceLock},
};

use serde_json::Value;

use super::{Chart, yaml};
use crate::contracts::root;

/// A version of Helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Helm {
    Three,
    Four,
}

impl Helm {
    pub const ALL: [Self; 2] = [Self::Three, Self::Four];

    pub fn program(self) -> PathBuf {
        root().join(match self {
            Self::Three => "target/tools/helm3",
            Self::Four => "target/tools/helm4",
        })
    }

    /// Runs it with these values in a home of its own, and returns what it prints, or what it complains about.
    pub fn run(self, arguments: &[&str], values: &Value) -> Result<String, String> {
        let home = tempfile::tempdir().unwrap();
        let mut command = Command::new(self.program());
        command.env_clear().env("HOME", home.path()).args(arguments).args(["--values", "-"]);
        for kind in ["CACHE", "CONFIG", "DATA"] {
            command.env(format!("HELM_{kind}_HOME"), home.path().join(kind));
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("Helm is missing; `make tools` installs what the tests need");
        // It may have ended before it read them: then it says why.
        let _ = child.stdin.take().unwrap().write_all(values.to_string().as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (said, complained) = (text(output.stdout), text(output.stderr));
        if output.status.success() { Ok(said) } else { Err(said + &complained) }
    }

    /// The manifests of a release called `copilot` in the namespace `metrics`.
    pub fn template(self, chart: &Chart, kubernetes: &str, values: &Value) -> Result<String, String> {
        let directory = chart.directory.to_str().unwrap();
        let arguments =
            ["template", "copilot", directory, "--namespace", "metrics", "--kube-version", kubernetes];
        self.run(&arguments, values)
    }
}

/// The objects that a chart makes of values.
#[derive(Clone, Debug, PartialEq)]
pub struct Objects(pub Vec<Value>);

impl Objects {
    /// # Panics
    /// If the values are refused.
    pub fn of(chart: &Chart, values: &Value) -> Self {
        Self::try_of(chart, values).unwrap_or_else(|error| panic!("{values}: {error}"))
    }

    /// Those of one of the chart's examples.
    pub fn of_feature(name: &str) -> Self {
        Self::read(&manifests(Helm::Four, NEWEST, name))
    }

    /// The same, or why the values are refused.
    pub fn try_of(chart: &Chart, values: &Value) -> Result<Self, String> {
        Helm::Four.template(chart, NEWEST, values).map(|manifests| Self::read(&manifests))
    }

    pub fn read(manifests: &str) -> Self {
        let documents = manifests.split("\n---\n").map(|text| text.trim_start_matches("---\n"));
        let objects = documents.map(|text| yaml(text).unwrap_or_else(|error| panic!("{error}\n{text}")));
        Self(objects.filter(|object| !object.is_null()).collect())
    }

    pub fn of_kind(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// The one object of a kind.
    pub fn the(&self, kind: &str) -> &Value {
        let [object] = self.of_kind(kind)[..] else { panic!("not one {kind}: {:?}", self.names()) };
        object
    }

    /// Kind and name of each.
    pub fn names(&self) -> Vec<String> {
        let name = |object: &Value| {
            let part = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            format!("{} {}", part(&object["kind"]), part(&object["metadata"]["name"]))
        };
        self.0.iter().map(name).collect()
    }

    pub fn pod(&self) -> &Value {
        &self.the("Deployment")["spec"]["template"]["spec"]
    }

    pub fn container(&self) -> &Value {
        &self.pod()["containers"][0]
    }

    /// The variables of the exporter's container that have a value.
    pub fn environment(&self) -> Vec<(String, String)> {
        let variables = self.container()["env"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        variables.map(|variable| (text(&variable["name"]), text(&variable["value"]))).collect()
    }
}

/// The manifests of one of the chart's examples, rendered once for all tests.
pub fn manifests(helm: Helm, kubernetes: &'static str, feature: &str) -> Arc<String> {
    type Rendered = BTreeMap<(Helm, &'static str, String), Arc<OnceLock<Arc<String>>>>;
    static RENDERED: Mutex<Rendered> = Mutex::new(BTreeMap::new());
    let place =
        Arc::clone(RENDERED.lock().unwrap().entry((helm, kubernetes, feature.to_owned())).or_default());
    let render = || {
        let chart = Chart::ours();
        let rendered = helm.template(&chart, kubernetes, &chart.feature(feature));
        Arc::new(rendered.unwrap_or_else(|error| panic!("{feature}: {error}")))
    };
    Arc::clone(place.get_or_init(render))
}

/// The oldest Kubernetes that the chart is for, and the newest that there are schemas of.
pub const OLDEST: &str = "1.25.0";
pub const NEWEST: &str = "1.37.0";

/// What is in `overlay`, and what else is in `values`. As in Helm, null takes away.
pub fn merged(values: &Value, overlay: &Value) -> Value {
    let (Value::Object(values), Value::Object(overlay)) = (values, overlay) else { return overlay.clone() };
    let mut all = values.clone();
    for (key, value) in overlay {
        let below = all.get(key).map_or_else(|| value.clone(), |old| merged(old, value));
        all.insert(key.clone(), below);
    }
    Value::Object(all)
}

/// The two values that are needed.
pub fn minimal() -> Value {
    Chart::ours().feature("minimal")
}

/// The objects of the two values that are needed and these.
pub fn with(overlay: &Value) -> Objects {
    Objects::of(&Chart::ours(), &merged(&minimal(), overlay))
}
