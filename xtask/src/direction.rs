//! Which crate may depend on which: `components → edge → app → (ledger, core)`, the host beside them.
//!
//! Reads `cargo metadata` and the core's sources; changes nothing. A new crate must be given a place in [`HOUSE`].

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{terminal, workspace};

/// A crate's place in the house.
struct Place {
    /// The package, or every package below a folder when it ends with a slash.
    package: &'static str,
    /// The workspace's crates that it may name in its manifest, tests aside.
    may_use: &'static [&'static str],
    /// Packages that it may not reach by any path.
    must_not_reach: &'static [&'static str],
}

/// What has no place in code that decides: runtimes, hosts, stores, wires.
const NO_RUNTIME: &[&str] =
    &["tokio", "wasmtime", "wasmtime-wasi", "spin-sdk", "wit-bindgen", "hyper", "reqwest", "ureq", "rusqlite"];

const HOUSE: &[Place] = &[
    Place {
        package: "ringback-core",
        may_use: &[],
        must_not_reach: &[
            "tokio",
            "wasmtime",
            "wasmtime-wasi",
            "spin-sdk",
            "wit-bindgen",
            "hyper",
            "reqwest",
            "ureq",
            "rusqlite",
            "serde_json",
            "toml",
            "futures",
            "http",
            "getrandom",
            "rand",
            "time",
        ],
    },
    Place { package: "ringback-ledger", may_use: &[], must_not_reach: NO_RUNTIME },
    Place { package: "ringback-app", may_use: &["ringback-core", "ringback-ledger"], must_not_reach: NO_RUNTIME },
    Place {
        package: "ringback-edge",
        may_use: &["ringback-core", "ringback-ledger", "ringback-app"],
        must_not_reach: &["tokio", "wasmtime", "hyper"],
    },
    Place {
        package: "components/",
        may_use: &["ringback-core", "ringback-ledger", "ringback-app", "ringback-edge"],
        must_not_reach: &["tokio", "wasmtime", "hyper"],
    },
    Place {
        package: "ringback-host",
        may_use: &[],
        must_not_reach: &["spin-sdk", "ringback-core", "ringback-ledger", "ringback-app", "ringback-edge"],
    },
    Place {
        package: "ringback-test-support",
        may_use: &["ringback-core", "ringback-ledger", "ringback-app"],
        must_not_reach: &["tokio", "wasmtime", "spin-sdk"],
    },
    Place {
        package: "ringback-tests",
        may_use: &["ringback-core", "ringback-ledger", "ringback-app", "ringback-host", "ringback-test-support"],
        must_not_reach: &["spin-sdk"],
    },
    Place {
        package: "xtask",
        may_use: &["ringback-core", "ringback-ledger", "ringback-app", "ringback-test-support"],
        must_not_reach: &["tokio", "wasmtime", "spin-sdk", "ringback-host"],
    },
];

/// Packages that are not looked behind: what they use of a forbidden one is none of what it is forbidden for.
/// Amazon's signatures: of tokio they use its locks (its feature `sync` alone), no runtime.
const NOT_LOOKED_BEHIND: &[&str] = &["aws-smithy-async", "aws-smithy-runtime-api"];

/// The only ones that may name spin-sdk.
const SPIN_SDK_USERS: &[&str] = &["ringback-edge", "components/"];

/// What would let the core look at the world by itself.
const WORLDLY: &[&str] = &[
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "Local::now",
    "std::fs",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "async fn",
];

/// `cargo xtask check-direction`
pub fn command(mut args: lexopt::Parser) -> Result<ExitCode> {
    if let Some(arg) = args.next()? {
        return Err(arg.unexpected().into());
    }
    let printed = workspace::capture(workspace::cargo().args(["metadata", "--format-version", "1", "--locked"]))?;
    let metadata: Value = serde_json::from_str(&printed).context("cargo metadata printed no JSON")?;
    let graph = Graph::read(&metadata)?;
    let mut faults = graph.faults();
    faults.extend(worldly(&workspace::root().join("crates/core/src"))?);
    for fault in &faults {
        terminal::error(fault);
    }
    if !faults.is_empty() {
        bail!("{} dependencies point the wrong way", faults.len());
    }
    say!("dependencies point one way in {} crates", graph.members.len());
    Ok(ExitCode::SUCCESS)
}

/// The workspace's packages and what they lead to.
#[derive(Default)]
struct Graph {
    members: Vec<Member>,
    /// Package id → ids it depends on to be built and run; tests aside.
    edges: BTreeMap<String, Vec<String>>,
    /// Package id → name.
    names: BTreeMap<String, String>,
}

struct Member {
    id: String,
    name: String,
    /// Below the folder `components/`.
    component: bool,
    /// Names of the dependencies in its manifest, tests aside.
    direct: BTreeSet<String>,
    /// chrono with its default features or a clock.
    chrono_with_clock: bool,
}

impl Graph {
    fn read(metadata: &Value) -> Result<Self> {
        let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
        let text =
            |value: &Value| value.as_str().map(str::to_owned).context("cargo metadata has another form than expected");
        let member_ids: BTreeSet<String> =
            list(&metadata["workspace_members"]).iter().map(text).collect::<Result<_>>()?;
        let mut graph = Self::default();
        for package in list(&metadata["packages"]) {
            let (id, name) = (text(&package["id"])?, text(&package["name"])?);
            if member_ids.contains(&id) {
                let wanted: Vec<Value> = list(&package["dependencies"])
                    .into_iter()
                    .filter(|dependency| dependency["kind"] != "dev")
                    .collect();
                let features = |dependency: &Value| {
                    list(&dependency["features"]).iter().any(|feature| feature == "clock" || feature == "now")
                };
                graph.members.push(Member {
                    component: text(&package["manifest_path"])?.contains("/components/"),
                    direct: wanted.iter().map(|dependency| text(&dependency["name"])).collect::<Result<_>>()?,
                    chrono_with_clock: wanted.iter().any(|dependency| {
                        dependency["name"] == "chrono"
                            && (dependency["uses_default_features"] == true || features(dependency))
                    }),
                    id: id.clone(),
                    name: name.clone(),
                });
            }
            graph.names.insert(id, name);
        }
        for node in list(&metadata["resolve"]["nodes"]) {
            let needed = list(&node["deps"])
                .into_iter()
                .filter(|edge| list(&edge["dep_kinds"]).iter().any(|kind| kind["kind"] != "dev"));
            graph.edges.insert(text(&node["id"])?, needed.map(|edge| text(&edge["pkg"])).collect::<Result<_>>()?);
        }
        Ok(graph)
    }

    fn faults(&self) -> Vec<String> {
        self.members.iter().flat_map(|member| self.faults_of(member)).collect()
    }

    fn faults_of(&self, member: &Member) -> Vec<String> {
        let Some(place) = HOUSE.iter().find(|place| member.lives_at(place.package)) else {
            return vec![format!(
                "{} has no place in the house yet: say in xtask/src/direction.rs what it may use",
                member.name
            )];
        };
        let mut faults = Vec::new();
        let ours: BTreeSet<&str> = self.members.iter().map(|member| member.name.as_str()).collect();
        for used in
            member.direct.iter().filter(|used| ours.contains(used.as_str()) && !place.may_use.contains(&used.as_str()))
        {
            faults.push(format!("{} may not use {used}", member.name));
        }
        if member.direct.contains("spin-sdk") && !SPIN_SDK_USERS.iter().any(|user| member.lives_at(user)) {
            faults.push(format!("{} may not use spin-sdk: only {} may", member.name, SPIN_SDK_USERS.join(" and ")));
        }
        if member.name == "ringback-core" && member.chrono_with_clock {
            faults.push("ringback-core takes chrono with a clock: time is a parameter there".to_owned());
        }
        for forbidden in place.must_not_reach {
            if let Some(path) = self.path(&member.id, forbidden) {
                faults.push(format!("{} must not reach {forbidden}, but does: {}", member.name, path.join(" → ")));
            }
        }
        faults
    }

    /// The shortest way from a package to one of that name.
    fn path(&self, from: &str, to: &str) -> Option<Vec<String>> {
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(id) = queue.pop_front() {
            if self.names.get(id).is_some_and(|name| NOT_LOOKED_BEHIND.contains(&name.as_str())) {
                continue;
            }
            for next in self.edges.get(id).into_iter().flatten() {
                if next == from || came_from.contains_key(next.as_str()) {
                    continue;
                }
                came_from.insert(next, id);
                if self.names.get(next).is_some_and(|name| name == to) {
                    return Some(self.walk_back(&came_from, next));
                }
                queue.push_back(next);
            }
        }
        None
    }

    fn walk_back(&self, came_from: &BTreeMap<&str, &str>, end: &str) -> Vec<String> {
        let mut path = vec![self.names[end].clone()];
        let mut at = end;
        while let Some(before) = came_from.get(at) {
            path.push(self.names[*before].clone());
            at = before;
        }
        path.reverse();
        path
    }
}

impl Member {
    fn lives_at(&self, package: &str) -> bool {
        if package == "components/" { self.component } else { self.name == package }
    }
}

/// Lines of the core that look at the world.
fn worldly(folder: &Path) -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            faults.extend(worldly(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path)?;
            for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
                faults.extend(WORLDLY.iter().filter(|word| line.contains(**word)).map(|word| {
                    format!("{}:{} says {word}: the core looks at nothing by itself", path.display(), number + 1)
                }));
            }
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A workspace of `(name, folder, direct dependencies)`, and edges among what they lead to.
    fn graph(members: &[(&str, &str, &[&str])], edges: &[(&str, &str)]) -> Graph {
        let dependency = |name: &str| json!({"name": name.trim_start_matches("dev:"), "kind": if name.starts_with("dev:") { json!("dev") } else { Value::Null }, "features": [], "uses_default_features": name == "chrono"});
        let mut names: BTreeSet<&str> = edges.iter().flat_map(|(from, to)| [*from, *to]).collect();
        names.extend(members.iter().map(|member| member.0));
        let package = |name: &&str| {
            let member = members.iter().find(|member| member.0 == *name);
            let direct: Vec<Value> =
                member.map(|member| member.2.iter().map(|name| dependency(name)).collect()).unwrap_or_default();
            json!({"id": name, "name": name, "manifest_path": format!("/r/{}/Cargo.toml", member.map_or("x", |member| member.1)), "dependencies": direct})
        };
        let node = |name: &&str| {
            let deps: Vec<Value> = edges
                .iter()
                .filter(|edge| edge.0 == *name)
                .map(|edge| json!({"pkg": edge.1, "dep_kinds": [{"kind": null}]}))
                .collect();
            json!({"id": name, "deps": deps})
        };
        let metadata = json!({
            "workspace_members": members.iter().map(|member| member.0).collect::<Vec<_>>(),
            "packages": names.iter().map(package).collect::<Vec<_>>(),
            "resolve": {"nodes": names.iter().map(node).collect::<Vec<_>>()},
        });
        Graph::read(&metadata).expect("metadata of the expected form")
    }

    #[track_caller]
    fn check(members: &[(&str, &str, &[&str])], edges: &[(&str, &str)], faults: &[&str]) {
        assert_eq!(graph(members, edges).faults(), faults);
    }

    #[test]
    fn the_house_as_drawn_has_no_faults() {
        check(
            &[
                ("ringback-core", "crates/core", &["serde", "dev:serde_json"]),
                ("ringback-app", "crates/app", &["ringback-core"]),
                ("ringback-edge", "crates/edge", &["ringback-app", "spin-sdk"]),
                ("case-desk", "components/case-desk", &["ringback-edge", "spin-sdk"]),
            ],
            &[("ringback-app", "ringback-core"), ("ringback-edge", "spin-sdk"), ("case-desk", "ringback-edge")],
            &[],
        );
    }

    #[test]
    fn an_arrow_against_the_direction_is_found() {
        check(
            &[("ringback-core", "crates/core", &["ringback-ledger"]), ("ringback-ledger", "crates/ledger", &[])],
            &[],
            &["ringback-core may not use ringback-ledger"],
        );
        check(
            &[("ringback-app", "crates/app", &["spin-sdk"])],
            &[],
            &["ringback-app may not use spin-sdk: only ringback-edge and components/ may"],
        );
        check(
            &[("ringback-host", "crates/host", &["ringback-app"]), ("ringback-app", "crates/app", &[])],
            &[],
            &["ringback-host may not use ringback-app"],
        );
    }

    #[test]
    fn a_long_way_round_is_found_and_shown() {
        check(
            &[("ringback-core", "crates/core", &["harmless"])],
            &[("ringback-core", "harmless"), ("harmless", "deeper"), ("deeper", "serde_json")],
            &["ringback-core must not reach serde_json, but does: ringback-core → harmless → deeper → serde_json"],
        );
    }

    #[test]
    fn a_clock_in_the_core_is_found() {
        check(
            &[("ringback-core", "crates/core", &["chrono"])],
            &[],
            &["ringback-core takes chrono with a clock: time is a parameter there"],
        );
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(
            folder.path().join("a.rs"),
            "// SystemTime is not for us\nfn due() { let _ = std::time::SystemTime::now(); }\n",
        )
        .expect("a file");
        let faults = worldly(folder.path()).expect("read");
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("a.rs:2 says SystemTime"), "{faults:?}");
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        check(
            &[("newcomer", "crates/newcomer", &[])],
            &[],
            &["newcomer has no place in the house yet: say in xtask/src/direction.rs what it may use"],
        );
    }
}
