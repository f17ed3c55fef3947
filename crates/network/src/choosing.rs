//! Parameters from options, with the checks that only the families of backbones can make.
//!
//! The configuration knows that a backbone has a name. Which names there are, how many parts a backbone has, and which
//! weights are shipped for it, is known here; an error is about the place in the file, the flag or the argument all the same.

use silknow_config::{Architecture, Fallback, Group, Key, Kind, Options, Weights};
use silknow_errors::{Result, suggest};

use crate::families::{alternatives, architectures, design_of, is_backbone, shipped_for};

/// Takes parameters from options, as [`Group::take`] does, and checks their backbone.
///
/// # Errors
/// Those of [`Group::take`]; an unknown backbone, more parts to retrain than it has, and built-in weights where there are
/// none for it; each with the key and its place.
pub fn take<G: Group>(options: &Options) -> Result<G> {
    let Some(backbone) = options.keys().iter().find(|key| key.kind == Kind::Backbone) else { return G::take(options) };
    check_name(options, backbone)?;
    let group = G::take(options)?;
    check_values(options, backbone)?;
    Ok(group)
}

/// The values that a key takes, as errors name them; for the key of a backbone the names of all backbones.
pub fn expected_values(key: &Key) -> String {
    match key.kind {
        Kind::Backbone => alternatives(&architectures()),
        _ => key.expected.clone(),
    }
}

fn check_name(options: &Options, key: &Key) -> Result<()> {
    let Some(text) = options.text(key.name).filter(|text| !text.is_empty()) else { return Ok(()) };
    if is_backbone(text) {
        return Ok(());
    }
    let known = architectures();
    let expected = alternatives(&known);
    let error = options.fault(key.name, |name| format!("`{name}` must be {expected}, but it is `{text}`"));
    Err(match suggest::nearest(text, known.iter().map(Architecture::name)) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("for example `{}`", key.example)),
    })
}

/// Checks the other keys against the backbone. All of them have valid values.
fn check_values(options: &Options, backbone: &Key) -> Result<()> {
    let design = design_of(stated(options, backbone).parse()?)?;
    let (architecture, parts, called) = (design.name(), design.parts(), design.part_name());
    for key in options.keys() {
        let text = stated(options, key);
        match key.kind {
            Kind::Number
                if key.is_called(RETRAINED) && text.parse().is_ok_and(|retrained: usize| retrained > parts) =>
            {
                return Err(options
                    .fault(key.name, |key| {
                        format!("`{key}` must be at most {parts} for {architecture}, but it is `{text}`")
                    })
                    .hint(format!("{architecture} has {parts} {called}; `{parts}` retrains all")));
            }
            Kind::Weights if Weights::from(text.to_owned()) == Weights::Builtin && design.builtin().is_none() => {
                return Err(options
                    .fault(key.name, |key| format!("`{key}` cannot be `builtin` for {architecture}"))
                    .hint(format!("the weights that come with the program are for the backbone {}", shipped_for())));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The key of the number of parts that are retrained.
const RETRAINED: &str = "hub_num_retrain";

/// The text that holds for a key: what was given, else its default.
fn stated<'a>(options: &'a Options, key: &'a Key) -> &'a str {
    let default = || match &key.fallback {
        Fallback::Value { text, .. } => text,
        _ => "",
    };
    options.text(key.name).unwrap_or_else(default)
}

#[cfg(test)]
mod tests {
    use silknow_config::{BackboneParameters, Explicit, Operation, TrainModelParameters, TrainingParameters};

    use super::*;
    use crate::families::designs;

    #[test]
    fn the_retrained_parts_have_the_key_that_training_declares() {
        assert_eq!(TrainingParameters::hub_num_retrain().key().name, RETRAINED);
    }

    fn refused(text: &str) -> String {
        let mut options = Options::new(Operation::TrainModel, Explicit::Arguments);
        options.parse_file(text, "train.txt").unwrap();
        take::<TrainModelParameters>(&options).unwrap_err().to_string()
    }

    #[test]
    fn an_unknown_backbone_is_refused_at_its_place_with_the_known_ones() {
        for text in ["resnet5", "ResNet50"] {
            let message = refused(&format!("seed; 1\nbackbone; {text}"));
            assert!(message.starts_with("train.txt:2: `backbone` must be resnet18, resnet34, "), "{message}");
            assert!(message.contains(&format!("but it is `{text}`\nhint: did you mean `resnet50`?")), "{message}");
        }
        assert_eq!(
            refused("backbone; "),
            "train.txt:1: `backbone` must be the name of a backbone, but it has no value\nhint: for example `resnet152`"
        );
        let mut options = Options::of::<BackboneParameters>("describe", Explicit::Flags);
        options.set("backbone", "vgg19").unwrap();
        let message = take::<BackboneParameters>(&options).unwrap_err().to_string();
        assert!(message.starts_with("`--backbone` must be resnet18, "), "{message}");
        assert!(message.ends_with("hint: for example `resnet152`"), "{message}");
    }

    #[test]
    fn values_that_do_not_go_with_the_backbone_are_refused_at_their_place() {
        assert_eq!(
            refused("backbone; resnet18\nhub_num_retrain; 9"),
            "train.txt:2: `hub_num_retrain` must be at most 8 for resnet18, but it is `9`\nhint: resnet18 has 8 residual \
             blocks; `8` retrains all"
        );
        assert_eq!(
            refused("weights; builtin"),
            "train.txt:1: `weights` cannot be `builtin` for resnet152\nhint: the weights that come with the program are \
             for the backbone resnet18"
        );
    }

    #[test]
    fn the_defaults_of_the_group_count_where_nothing_is_given() {
        silknow_config::parameters! {
            /// A group with defaults of its own.
            #[derive(Debug, PartialEq)]
            struct Small {
                /// Its backbone.
                backbone: Architecture = TrainingParameters::backbone().or(Architecture::RESNET18);
                /// Its weights.
                weights: Weights = TrainingParameters::weights().or(Weights::Builtin);
            }
        }
        let mut options = Options::of::<Small>("small", Explicit::Arguments);
        assert_eq!(take::<Small>(&options).unwrap().backbone, Architecture::RESNET18);
        options.set("backbone", "resnet34").unwrap();
        let message = take::<Small>(&options).unwrap_err().to_string();
        assert!(message.starts_with("`weights` cannot be `builtin` for resnet34"), "{message}");
    }

    #[test]
    fn every_backbone_can_be_chosen_and_retrained_as_a_whole() {
        for design in designs() {
            let mut options = Options::new(Operation::TrainModel, Explicit::Arguments);
            options.set("backbone", design.name().name()).unwrap();
            options.set("hub_num_retrain", design.parts().to_string()).unwrap();
            let parameters: TrainModelParameters = take(&options).unwrap();
            assert_eq!(parameters.training.backbone, design.name());
            assert_eq!(parameters.training.hub_num_retrain, design.parts());
        }
    }

    #[test]
    fn the_expected_values_of_the_key_are_the_known_backbones() {
        let expected = expected_values(TrainingParameters::backbone().key());
        assert!(expected.starts_with("resnet18, resnet34, resnet50, resnet101"), "{expected}");
        let seed = TrainingParameters::seed();
        assert_eq!(expected_values(seed.key()), seed.key().expected);
    }
}
