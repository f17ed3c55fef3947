//! `doctor`: what this machine has and lacks for the work, and how to get it.

use std::fmt;
use std::path::Path;

use serde::Serialize;
use silknow_files as files;
use silknow_network::Design;
use silknow_network::families::designs;

use crate::context::Context;

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is.
    pub what: String,
    /// Whether it is fine.
    pub state: State,
    /// What was found.
    pub found: String,
    /// How to get what is missing; empty where nothing is.
    pub advice: String,
}

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum State {
    /// As it should be.
    Fine,
    /// Not there; only some work needs it.
    Optional,
    /// Work will fail or be slow.
    Problem,
}

/// All that was looked at.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DoctorReport {
    /// Version of the program.
    pub version: &'static str,
    /// In the order in which they are shown.
    pub findings: Vec<Finding>,
}

/// Looks at the processor, the devices, the weights and the folders. Fetches nothing.
///
/// `working_folder` is where the operations would write.
pub fn doctor(working_folder: &Path, context: &Context<'_>) -> DoctorReport {
    let mut findings = vec![processor()];
    findings.extend(devices());
    findings.push(Finding {
        what: "weights built in".to_owned(),
        state: State::Fine,
        found: "resnet18, as `--backbone resnet18 --weights builtin`".to_owned(),
        advice: String::new(),
    });
    findings.extend(designs().into_iter().filter_map(|design| imagenet_weights(design, context)));
    findings.push(folder("working folder", working_folder));
    findings.push(folder("cache folder", context.hub.cache_folder));
    DoctorReport { version: env!("CARGO_PKG_VERSION"), findings }
}

fn processor() -> Finding {
    let features = processor_features();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let fast = features.iter().any(|feature| matches!(*feature, "avx2" | "avx512f" | "neon"));
    Finding {
        what: "processor".to_owned(),
        state: if fast { State::Fine } else { State::Problem },
        found: format!(
            "{threads} threads, {}",
            if features.is_empty() { "no vector units known".to_owned() } else { features.join(" ") }
        ),
        advice: if fast {
            String::new()
        } else {
            "the network will be slow here; a processor with AVX2 or NEON is several times faster".to_owned()
        },
    }
}

#[cfg(target_arch = "x86_64")]
fn processor_features() -> Vec<&'static str> {
    [
        ("avx2", std::arch::is_x86_feature_detected!("avx2")),
        ("fma", std::arch::is_x86_feature_detected!("fma")),
        ("avx512f", std::arch::is_x86_feature_detected!("avx512f")),
        ("avx512bf16", std::arch::is_x86_feature_detected!("avx512bf16")),
        ("avx512vnni", std::arch::is_x86_feature_detected!("avx512vnni")),
    ]
    .into_iter()
    .filter_map(|(name, there)| there.then_some(name))
    .collect()
}

#[cfg(target_arch = "aarch64")]
fn processor_features() -> Vec<&'static str> {
    vec!["neon"]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn processor_features() -> Vec<&'static str> {
    Vec::new()
}

fn devices() -> Vec<Finding> {
    silknow_network::describe_devices()
        .into_iter()
        .map(|device| {
            let (found, advice) = if device.available {
                (device.detail, String::new())
            } else {
                ("not available".to_owned(), device.detail)
            };
            Finding {
                what: format!("device {}", device.choice),
                state: if device.available { State::Fine } else { State::Optional },
                found,
                advice,
            }
        })
        .collect()
}

fn imagenet_weights(design: &dyn Design, context: &Context<'_>) -> Option<Finding> {
    let pinned = design.imagenet()?;
    let path = pinned.cached_path(&context.hub);
    let there = path.is_file();
    Some(Finding {
        what: format!("ImageNet weights {}", design.name()),
        state: if there { State::Fine } else { State::Optional },
        found: if there { path.display().to_string() } else { "not fetched yet".to_owned() },
        advice: if there {
            String::new()
        } else {
            format!(
                "they are fetched at first use; without network, put {} at {}",
                pinned.address(&context.hub),
                path.display()
            )
        },
    })
}

fn folder(what: &str, path: &Path) -> Finding {
    // The only sure way to know whether a folder can be written is to write.
    let trial = path.join(".silknow-doctor");
    let outcome = files::write(&trial, "").map(|()| std::fs::remove_file(&trial));
    let (state, advice) = match outcome {
        Ok(_) => (State::Fine, String::new()),
        Err(error) => (State::Problem, error.to_string().replace('\n', "; ")),
    };
    Finding { what: what.to_owned(), state, found: path.display().to_string(), advice }
}

impl fmt::Display for DoctorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "silknow {}", self.version)?;
        for finding in &self.findings {
            let mark = match finding.state {
                State::Fine => "ok",
                State::Optional => "-",
                State::Problem => "!!",
            };
            write!(f, "\n  {mark:>2}  {:<28} {}", finding.what, finding.found)?;
            if !finding.advice.is_empty() {
                write!(f, "\n      {:<28} {}", "", finding.advice)?;
            }
        }
        Ok(())
    }
}
