//! The fuzzer: `SILKNOW_FUZZ_TARGET` names one of the [targets](targets), the arguments are those of libFuzzer.
//! `.ci/fuzz` builds and runs it.
#![no_main]

mod migration_targets;
#[cfg(feature = "network")]
mod network_targets;
mod targets;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    static TARGET: OnceLock<targets::Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var("SILKNOW_FUZZ_TARGET").expect("SILKNOW_FUZZ_TARGET names a target");
        let mut all = [targets::TARGETS, migration_targets::TARGETS].concat();
        #[cfg(feature = "network")]
        all.extend(network_targets::TARGETS);
        let found = all.into_iter().find(|(known, _)| *known == name);
        found.expect("SILKNOW_FUZZ_TARGET names a target").1
    });
    target(bytes);
});
