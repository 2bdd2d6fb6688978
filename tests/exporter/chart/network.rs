//! The NetworkPolicy: in to the container's port, out to name servers and GitHub, and nothing else.

use serde_json::{Value, json};

use super::render::{Objects, with};

fn policy(objects: &Objects) -> &Value {
    &objects.the("NetworkPolicy")["spec"]
}

/// The ports of a rule, each with its protocol.
fn ports(rule: &Value) -> Vec<String> {
    let ports = rule["ports"].as_array().unwrap().iter();
    ports.map(|port| format!("{} {}", port["protocol"].as_str().unwrap(), port["port"])).collect()
}

fn enabled(more: &Value) -> Objects {
    with(&super::render::merged(&json!({"networkPolicy": {"enabled": true}}), more))
}

#[test]
fn only_the_containers_port_is_open_and_only_name_servers_and_github_are_reached() {
    let objects = enabled(&json!({}));
    let policy = policy(&objects);
    let labels = &objects.the("Deployment")["spec"]["template"]["metadata"]["labels"];
    let selector = policy["podSelector"]["matchLabels"].as_object().unwrap();
    assert!(!selector.is_empty() && selector.iter().all(|(key, value)| labels[key] == *value));
    assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(policy["ingress"], json!([{"ports": [{"protocol": "TCP", "port": 10220}]}]));
    let egress: Vec<_> = policy["egress"].as_array().unwrap().iter().map(ports).collect();
    assert_eq!(egress, [vec!["UDP 53", "TCP 53"], vec!["TCP 443"]]);
}

#[test]
fn the_port_is_the_containers_and_not_the_services() {
    let other = json!({"exporter": {"listenAddress": "0.0.0.0:8080"}, "service": {"port": 80}});
    let objects = enabled(&other);
    assert_eq!(ports(&policy(&objects)["ingress"][0]), ["TCP 8080"]);
    assert_eq!(objects.container()["ports"], json!([{"name": "http", "containerPort": 8080}]));
    let service = &objects.the("Service")["spec"]["ports"][0];
    assert_eq!((&service["port"], &service["targetPort"]), (&json!(80), &json!("http")));
}

#[test]
fn github_is_reached_at_the_port_of_its_address_or_by_the_proxys() {
    for (values, expected) in [
        (json!({"github": {"apiUrl": "https://api.octo.ghe.com"}}), vec!["TCP 443"]),
        (json!({"github": {"apiUrl": "https://github.example:8443/api/v3"}}), vec!["TCP 8443", "TCP 443"]),
        (json!({"github": {"apiUrl": "http://127.0.0.1/"}}), vec!["TCP 80", "TCP 443"]),
        (json!({"proxy": {"https": "http://proxy.example:3128"}}), vec!["TCP 3128"]),
        (json!({"proxy": {"https": "http://proxy.example:3128/"}}), vec!["TCP 3128"]),
        (json!({"proxy": {"https": "http://proxy.example"}}), vec!["TCP 80"]),
        (json!({"proxy": {"https": "https://[fd00::1]"}}), vec!["TCP 443"]),
        (json!({"proxy": {"https": "https://[fd00::1]:8443"}}), vec!["TCP 8443"]),
    ] {
        assert_eq!(ports(&policy(&enabled(&values))["egress"][1]), expected, "{values}");
    }
}

#[test]
fn who_may_scrape_can_be_named_and_helm_test_may_then_too() {
    let objects = Objects::of_feature("network-policy");
    let from = policy(&objects)["ingress"][0]["from"].as_array().unwrap();
    assert_eq!(from[0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"], "monitoring");
    let allowed = from[1]["podSelector"]["matchLabels"].as_object().unwrap();
    let test = &objects.the("Pod")["metadata"]["labels"];
    assert!(from.len() == 2 && allowed.iter().all(|(key, value)| test[key] == *value));
    assert_eq!(policy(&objects)["egress"][2], json!({"to": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}));
    let peers = json!([{"podSelector": {}}]);
    let untested = enabled(&json!({"networkPolicy": {"ingressFrom": peers}, "test": {"enabled": false}}));
    assert_eq!(policy(&untested)["ingress"][0]["from"], peers);
}
