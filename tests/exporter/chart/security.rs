//! Pod security: the restricted profile of the Pod Security Standards, as its own list of checks.

use serde_json::{Value, json};

use super::{
    Chart,
    render::{Objects, merged, minimal},
};

/// One control of the standard: what it restricts, in which places of a pod, and what may stand there.
struct Control {
    name: &'static str,
    /// Pointers into the specification of a pod; `*` is every item of a list, or every container.
    places: &'static [&'static str],
    /// Whether a value is allowed; null: there is none.
    allows: Allows,
}

/// Whether a value may stand somewhere.
type Allows = fn(&Value) -> bool;

fn is_unset_or_false(value: &Value) -> bool {
    value.is_null() || value == false
}

fn is_unset_or_zero(value: &Value) -> bool {
    value.is_null() || value == 0
}

fn is_selinux_type(value: &Value) -> bool {
    let allowed = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
    value.is_null() || allowed.iter().any(|word| value == *word)
}

fn is_safe_sysctl(value: &Value) -> bool {
    let safe = [
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
    ];
    value.is_null() || safe.iter().any(|name| value == *name)
}

fn is_confined(value: &Value) -> bool {
    value.is_null() || value == "RuntimeDefault" || value == "Localhost"
}

fn is_volume(volume: &Value) -> bool {
    let types = [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ];
    volume.as_object().is_none_or(|volume| volume.keys().all(|key| key == "name" || types.contains(&&**key)))
}

/// What is asked of every pod: the baseline.
const BASELINE: [Control; 11] = [
    Control {
        name: "HostProcess",
        places: &[
            "/securityContext/windowsOptions/hostProcess",
            "/*/securityContext/windowsOptions/hostProcess",
        ],
        allows: is_unset_or_false,
    },
    Control {
        name: "Host namespaces",
        places: &["/hostNetwork", "/hostPID", "/hostIPC"],
        allows: is_unset_or_false,
    },
    Control {
        name: "Privileged containers",
        places: &["/*/securityContext/privileged"],
        allows: is_unset_or_false,
    },
    Control { name: "HostPath volumes", places: &["/volumes/*/hostPath"], allows: Value::is_null },
    Control { name: "Host ports", places: &["/*/ports/*/hostPort"], allows: is_unset_or_zero },
    Control {
        name: "Host probes and hooks",
        places: &[
            "/*/livenessProbe/httpGet/host",
            "/*/readinessProbe/httpGet/host",
            "/*/startupProbe/httpGet/host",
            "/*/livenessProbe/tcpSocket/host",
            "/*/readinessProbe/tcpSocket/host",
            "/*/startupProbe/tcpSocket/host",
            "/*/lifecycle/postStart/httpGet/host",
            "/*/lifecycle/preStop/httpGet/host",
        ],
        allows: |value| value.is_null() || value == "",
    },
    Control {
        name: "AppArmor",
        places: &["/securityContext/appArmorProfile/type", "/*/securityContext/appArmorProfile/type"],
        allows: is_confined,
    },
    Control {
        name: "SELinux type",
        places: &["/securityContext/seLinuxOptions/type", "/*/securityContext/seLinuxOptions/type"],
        allows: is_selinux_type,
    },
    Control {
        name: "SELinux user and role",
        places: &[
            "/securityContext/seLinuxOptions/user",
            "/securityContext/seLinuxOptions/role",
            "/*/securityContext/seLinuxOptions/user",
            "/*/securityContext/seLinuxOptions/role",
        ],
        allows: |value| value.is_null() || value == "",
    },
    Control {
        name: "/proc mount type",
        places: &["/*/securityContext/procMount"],
        allows: |value| value.is_null() || value == "Default",
    },
    Control { name: "Sysctls", places: &["/securityContext/sysctls/*/name"], allows: is_safe_sysctl },
];

/// What is asked beyond that.
const RESTRICTED: [Control; 5] = [
    Control { name: "Volume types", places: &["/volumes/*"], allows: is_volume },
    Control {
        name: "Privilege escalation",
        places: &["/*/securityContext/allowPrivilegeEscalation"],
        allows: |value| value == false,
    },
    Control {
        name: "Running as a user that is not root",
        places: &["/securityContext/runAsUser", "/*/securityContext/runAsUser"],
        allows: |value| value != 0,
    },
    Control {
        name: "Capabilities to drop",
        places: &["/*/securityContext/capabilities/drop"],
        allows: |value| value.as_array().is_some_and(|list| list.iter().any(|name| name == "ALL")),
    },
    Control {
        name: "Capabilities to add",
        places: &["/*/securityContext/capabilities/add/*"],
        allows: |value| value.is_null() || value == "NET_BIND_SERVICE",
    },
];

/// What may be set once for the pod, or must be for each container.
const EITHER: [(&str, &str, Allows); 2] = [
    ("Running as non-root", "/securityContext/runAsNonRoot", |value| value == true),
    ("Seccomp", "/securityContext/seccompProfile/type", |value| !value.is_null() && is_confined(value)),
];

fn containers(pod: &Value) -> Vec<&Value> {
    let kinds = ["containers", "initContainers", "ephemeralContainers"];
    kinds.iter().flat_map(|kind| pod[kind].as_array().into_iter().flatten()).collect()
}

/// The values at a place.
fn values<'a>(pod: &'a Value, place: &str) -> Vec<&'a Value> {
    let Some((above, below)) = place.split_once("/*") else {
        return vec![pod.pointer(place).unwrap_or(&Value::Null)];
    };
    let items = if above.is_empty() {
        containers(pod)
    } else {
        pod.pointer(above).and_then(Value::as_array).into_iter().flatten().collect()
    };
    items.into_iter().flat_map(|item| values(item, below)).collect()
}

/// The controls that a pod breaks.
fn broken(pod: &Value) -> Vec<&'static str> {
    let all = BASELINE.iter().chain(&RESTRICTED);
    let breaks = |control: &&Control| {
        control.places.iter().flat_map(|place| values(pod, place)).any(|value| !(control.allows)(value))
    };
    let mut broken: Vec<_> = all.filter(breaks).map(|control| control.name).collect();
    for (name, place, allows) in EITHER {
        let of = |value: &Value| value.pointer(place).unwrap_or(&Value::Null).clone();
        let of_pod = of(pod);
        let is_broken = containers(pod).into_iter().any(|container| {
            let own = of(container);
            !allows(if own.is_null() { &of_pod } else { &own })
        });
        if is_broken {
            broken.push(name);
        }
    }
    broken
}

/// The pods of a feature that are the chart's alone.
fn pods(objects: &Objects) -> Vec<&Value> {
    let test = objects.of_kind("Pod").into_iter().map(|pod| &pod["spec"]);
    test.chain([objects.pod()]).collect()
}

#[test]
fn every_pod_of_every_feature_passes_the_restricted_standard() {
    let chart = Chart::ours();
    for feature in chart.features().iter().filter(|feature| *feature != "extras") {
        let objects = Objects::of_feature(feature);
        for pod in pods(&objects) {
            assert_eq!(broken(pod), [""; 0], "{feature}");
        }
    }
}

#[test]
fn each_control_sees_its_breach() {
    let objects = Objects::of_feature("minimal");
    for (pointer, value, control) in [
        ("", json!({"hostNetwork": true}), "Host namespaces"),
        ("", json!({"hostPID": true}), "Host namespaces"),
        ("/volumes/1", json!({"hostPath": {"path": "/"}}), "HostPath volumes"),
        ("/volumes/1", json!({"nfs": {"server": "a"}}), "Volume types"),
        ("/securityContext", json!({"sysctls": [{"name": "kernel.msgmax"}]}), "Sysctls"),
        ("/securityContext", json!({"windowsOptions": {"hostProcess": true}}), "HostProcess"),
        ("/securityContext", json!({"seLinuxOptions": {"type": "spc_t"}}), "SELinux type"),
        ("/securityContext", json!({"seLinuxOptions": {"user": "root"}}), "SELinux user and role"),
        ("/securityContext", json!({"appArmorProfile": {"type": "Unconfined"}}), "AppArmor"),
        ("/securityContext", json!({"runAsUser": 0}), "Running as a user that is not root"),
        ("/securityContext", json!({"runAsNonRoot": false}), "Running as non-root"),
        ("/securityContext", json!({"seccompProfile": {"type": "Unconfined"}}), "Seccomp"),
        ("/securityContext", json!({"seccompProfile": null}), "Seccomp"),
        ("/containers/0/securityContext", json!({"runAsNonRoot": false}), "Running as non-root"),
        ("/containers/0/securityContext", json!({"privileged": true}), "Privileged containers"),
        ("/containers/0/securityContext", json!({"procMount": "Unmasked"}), "/proc mount type"),
        ("/containers/0/securityContext", json!({"allowPrivilegeEscalation": null}), "Privilege escalation"),
        (
            "/containers/0/securityContext",
            json!({"capabilities": {"drop": ["KILL"]}}),
            "Capabilities to drop",
        ),
        (
            "/containers/0/securityContext",
            json!({"capabilities": {"add": ["SYS_TIME"]}}),
            "Capabilities to add",
        ),
        ("/containers/0/ports/0", json!({"hostPort": 80}), "Host ports"),
        ("/containers/0/livenessProbe/httpGet", json!({"host": "10.0.0.1"}), "Host probes and hooks"),
    ] {
        let mut pod = objects.pod().clone();
        let place = pod.pointer_mut(pointer).unwrap();
        *place = merged(place, &value);
        assert!(broken(&pod).contains(&control), "{pointer} {value}: {:?}", broken(&pod));
    }
}

#[test]
fn a_pod_that_the_chart_would_make_less_safe_is_found() {
    for (from, to, control) in [
        ("runAsNonRoot: true", "runAsNonRoot: false", "Running as non-root"),
        ("type: RuntimeDefault", "type: Unconfined", "Seccomp"),
        ("allowPrivilegeEscalation: false", "allowPrivilegeEscalation: true", "Privilege escalation"),
        ("drop: [ALL]", "drop: []", "Capabilities to drop"),
    ] {
        let objects = Objects::of(&Chart::changed("values.yaml", from, to), &minimal());
        for pod in pods(&objects) {
            assert!(broken(pod).contains(&control), "{to}");
        }
    }
}

#[test]
fn beyond_the_standard_nothing_can_be_written_and_nobody_is_known_to_kubernetes() {
    let chart = Chart::ours();
    for feature in chart.features() {
        let objects = Objects::of_feature(&feature);
        for pod in pods(&objects) {
            assert_eq!(pod["automountServiceAccountToken"], false, "{feature}");
            assert_eq!(pod["enableServiceLinks"], false, "{feature}");
            assert_eq!(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true, "{feature}");
        }
        for account in objects.of_kind("ServiceAccount") {
            assert_eq!(account["automountServiceAccountToken"], false, "{feature}");
        }
        if feature != "openshift" {
            let context = &objects.pod()["securityContext"];
            assert_eq!(json!([context["runAsUser"], context["fsGroup"]]), json!([65532, 65532]), "{feature}");
        }
    }
}
