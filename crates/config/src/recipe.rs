//! The values that a recipe stands for.

use crate::choice::Recipe;

/// Without augmentation the frozen backbone runs once per image.
const WITHOUT_AUGMENTATION: [(&str, &str); 5] = [
    ("random_crop", "[1, 1]"),
    ("random_rotation90", "False"),
    ("gaussian_noise", "0"),
    ("flip_left_right", "False"),
    ("flip_up_down", "False"),
];

/// The head, the loss and the choice of the model that `fast` and `best` share.
const CLASSES_AND_NEIGHBOURS: [(&str, &str); 12] = [
    ("backbone", "resnet18"),
    ("weights", "builtin"),
    ("hub_num_retrain", "0"),
    ("train_batch_size", "150"),
    ("learning_rate", "1e-3"),
    ("val_percentage", "25"),
    ("loss_ind", "combined"),
    ("loss_weights", "classification=1, supervised_contrastive=1"),
    ("contrastive_temperature", "0.1"),
    ("standardise_features", "True"),
    ("model_selection", "vote"),
    ("frozen_share", "auto"),
];

const FAST: [(&str, &str); 6] = [
    ("add_fc", "[512, 128]"),
    ("how_many_training_steps", "60"),
    ("how_often_validation", "20"),
    ("class_weight_power", "0.5"),
    ("input_size", "224"),
    ("train_on_all", "False"),
];

const BEST: [(&str, &str); 6] = [
    ("add_fc", "[2048, 256]"),
    ("how_many_training_steps", "200"),
    ("how_often_validation", "20"),
    ("class_weight_power", "0.5"),
    ("input_size", "320"),
    ("train_on_all", "True"),
];

/// The defaults of the documented toolbox.
const D45: [(&str, &str); 20] = [
    ("backbone", "resnet152"),
    ("weights", "imagenet"),
    ("input_size", "224"),
    ("hub_num_retrain", "0"),
    ("add_fc", "[1024, 128]"),
    ("train_batch_size", "150"),
    ("how_many_training_steps", "200"),
    ("learning_rate", "1e-4"),
    ("val_percentage", "25"),
    ("how_often_validation", "10"),
    ("loss_ind", "soft_contrastive_incomp_loss"),
    ("random_crop", "[0.7, 1]"),
    ("random_rotation90", "True"),
    ("gaussian_noise", "0.01"),
    ("flip_left_right", "True"),
    ("flip_up_down", "True"),
    ("standardise_features", "False"),
    ("model_selection", "loss"),
    ("frozen_share", "0"),
    ("train_on_all", "False"),
];

/// What its successor D4.6 does differently: it minimises a sum of losses of equal weight, for longer and with more noise. Its
/// rules are left out, because they are files of a collection.
const D46: [(&str, &str); 4] = [
    ("loss_ind", "combined"),
    ("loss_weights", "semantic=0.25, colour=0.25, self_similarity=0.25"),
    ("how_many_training_steps", "300"),
    ("gaussian_noise", "0.1"),
];

impl Recipe {
    /// The keys with their texts, as they would stand in a configuration file. A later one counts more.
    pub fn values(self) -> impl DoubleEndedIterator<Item = (&'static str, &'static str)> {
        let parts: [&'static [(&str, &str)]; 3] = match self {
            Self::Fast => [&WITHOUT_AUGMENTATION, &CLASSES_AND_NEIGHBOURS, &FAST],
            Self::Best => [&WITHOUT_AUGMENTATION, &CLASSES_AND_NEIGHBOURS, &BEST],
            Self::D45 => [&D45, &[], &[]],
            Self::D46 => [&D45, &D46, &[]],
        };
        parts.into_iter().flatten().copied()
    }

    /// The text of a key, where the recipe says something of it.
    pub(crate) fn text(self, name: &str) -> Option<&'static str> {
        self.values().rev().find(|(key, _)| *key == name).map(|(_, text)| text)
    }
}

#[cfg(test)]
mod tests {
    use crate::{CrossvalidationParameters, Explicit, Operation, Options, Parameters, Recipe, TrainModelParameters};

    fn options(recipe: &str) -> Options {
        let mut options = Options::new(Operation::TrainModel, Explicit::Flags);
        options.set("recipe", recipe).unwrap();
        options
    }

    #[test]
    fn every_recipe_is_valid_and_its_values_are_in_the_full_text() {
        for recipe in Recipe::ALL {
            let parameters = TrainModelParameters::from_options(&options(recipe.name())).unwrap();
            let text = parameters.to_configuration_text();
            let mut read = Options::new(Operation::TrainModel, Explicit::Flags);
            read.parse_file(&text, "written.txt").unwrap();
            assert_eq!(TrainModelParameters::from_options(&read).unwrap(), parameters);
            for (key, _) in recipe.values() {
                assert!(Operation::Crossvalidation.key(key).is_some(), "{key}");
                assert!(text.contains(&format!("\n{key}; ")), "{key} is missing in\n{text}");
            }
            let mut options = Options::new(Operation::Crossvalidation, Explicit::Arguments);
            options.set("recipe", recipe.name()).unwrap();
            assert_eq!(CrossvalidationParameters::from_options(&options).unwrap().training, parameters.training);
        }
    }

    #[test]
    fn the_toolbox_has_the_defaults() {
        let mut parameters = TrainModelParameters::from_options(&options("d45")).unwrap();
        parameters.training.optimiser.recipe = None;
        assert_eq!(parameters, TrainModelParameters::default());
    }

    #[test]
    fn explicit_values_count_more_than_the_recipe_and_the_recipe_than_the_file_unless_it_stands_there() {
        let learning_rate = |options: &Options| {
            let training = TrainModelParameters::from_options(options).unwrap().training;
            (training.learning_rate, training.input_size)
        };
        let mut given = options("best");
        given.parse_file("learning_rate; 0.5\ninput_size; 64\n", "train.txt").unwrap();
        assert_eq!(learning_rate(&given), (1e-3, 320));
        given.set("learning_rate", "0.25").unwrap();
        assert_eq!(learning_rate(&given), (0.25, 320));
        let mut in_file = Options::new(Operation::TrainModel, Explicit::Flags);
        in_file.parse_file("recipe; best\ninput_size; 64\n", "train.txt").unwrap();
        assert_eq!(learning_rate(&in_file), (1e-3, 64));
    }

    #[test]
    fn an_unknown_recipe_names_the_nearest() {
        let message = TrainModelParameters::from_options(&options("bets")).unwrap_err().to_string();
        assert!(message.contains("`--recipe` must be fast, best, d45 or d46, but it is `bets`"), "{message}");
        assert!(message.contains("did you mean `best`?"), "{message}");
    }
}
