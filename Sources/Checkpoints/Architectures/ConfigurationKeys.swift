/// The keys of `config.json`: those that are honoured, those known to be without effect on what a model computes, and by
/// their absence all others, which are refused.
enum ConfigurationKeys {
    /// One object of the file.
    enum Place {
        /// The top of a file in timm's form, or of one in no known form.
        case top
        /// timm's `model_args`: what the model's constructor gets.
        case arguments
        /// timm's `pretrained_cfg`.
        case pretrained
        /// The top of a file of Hugging Face's, or its `vision_config`.
        case huggingFace

        /// What the keys of this place are called.
        var name: String {
            switch self {
            case .top, .huggingFace: "config.json"
            case .arguments: "model_args of config.json"
            case .pretrained: "pretrained_cfg of config.json"
            }
        }
    }

    /// Keys whose values are read.
    static func honoured(_ place: Place) -> Set<String> {
        let images: Set = ["mean", "std", "interpolation", "crop_pct", "crop_mode", "input_size"]
        let model: Set = [
            "num_heads", "window_size", "global_pool", "img_size", "act_layer", "num_classes", "norm_eps",
            "pool_include_prefix", "architecture", "label_names", "pretrained_window_sizes", "swiglu_mlp",
        ]
        switch place {
        case .top: return model.union(images).union(["model_args", "pretrained_cfg"])
        case .arguments: return model.subtracting(["architecture", "label_names"])
        case .pretrained: return images.union(["architecture", "label_names", "num_classes"])
        case .huggingFace:
            return model.union(images).union([
                "model_args", "pretrained_cfg", "model_type", "vision_config", "num_attention_heads",
                "image_size",
                "hidden_act", "layer_norm_eps", "id2label", "rope_theta", "vision_use_head",
            ])
        }
    }

    /// Keys with the only values that are accepted, written as JSON; the first is the usual one.
    static func fixed(_ place: Place) -> [String: [String]] {
        switch place {
        case .arguments:
            [
                "final_norm": ["true"], "pos_embed": ["\"learn\""], "norm_layer": ["null", "\"layernorm\""],
                "embed_norm_layer": ["null"], "block_fn": ["null"], "attn_layer": ["null", "\"\""],
                "mlp_layer": ["null"], "embed_layer": ["null"], "always_partition": ["false"],
                "use_post_norm": ["false"],
            ]
        case .huggingFace:
            [
                "pruned_heads": ["{}"], "is_decoder": ["false"], "add_cross_attention": ["false"],
                "use_absolute_embeddings": ["false"], "use_mean_pooling": ["true"], "path_norm": ["true"],
                "quantization_config": ["null"], "cross_attention_hidden_size": ["null"],
                "output_size": ["null"],
            ]
        case .top, .pretrained: [:]
        }
    }

    /// Keys without effect: tensors' shapes say the same, only training reads them, or they describe the file.
    static func withoutEffect(_ place: Place) -> Set<String> {
        let dropout: Set = [
            "drop_rate", "pos_drop_rate", "patch_drop_rate", "proj_drop_rate", "attn_drop_rate",
            "drop_path_rate",
            "hidden_dropout_prob", "attention_probs_dropout_prob", "attention_dropout", "dropout",
        ]
        let shapes: Set = [
            "patch_size", "in_chans", "embed_dim", "depth", "depths", "head_dim", "mlp_ratio", "qkv_bias",
            "qk_norm",
            "proj_bias", "init_values", "class_token", "no_embed_class", "reg_tokens", "pre_norm", "fc_norm",
            "num_features", "num_classes", "use_abs_pos_emb", "use_rel_pos_bias", "qkv_fused",
            "scale_attn_norm", "scale_mlp_norm", "scale_attn_inner", "scale_mlp",
            "swiglu_align_to", "num_reg_tokens", "attn_type", "use_fc_norm", "use_pre_transformer_norm",
            "use_post_transformer_norm",
        ]
        let training: Set = [
            "weight_init", "fix_init", "dynamic_img_size", "dynamic_img_pad", "strict_img_size",
        ]
        let notes: Set = [
            "description", "license", "notes", "measured", "tag", "tags", "dataset", "author", "version",
        ]
        switch place {
        case .arguments:
            return dropout.union(shapes).union(training).union([
                "device", "dtype", "pretrained", "checkpoint_path",
            ])
        case .pretrained, .top:
            return notes.union(dropout).union(shapes).union(training).union([
                "url", "file", "hf_hub_id", "hf_hub_filename", "source", "custom_load", "state_dict",
                "test_input_size", "min_input_size", "fixed_input_size", "test_crop_pct", "label_offset",
                "label_descriptions", "pool_size", "test_pool_size", "first_conv", "classifier", "origin_url",
                "paper_name", "paper_ids", "name", "model_name", "library_name", "variant",
            ])
        case .huggingFace:
            return notes.union(dropout).union(shapes).union(training).union([
                "_name_or_path", "architectures", "transformers_version", "torch_dtype", "dtype", "label2id",
                "num_labels", "problem_type", "finetuning_task", "return_dict", "output_attentions",
                "output_hidden_states", "use_cache", "torchscript", "use_bfloat16", "tie_word_embeddings",
                "tie_encoder_decoder", "is_encoder_decoder", "chunk_size_feed_forward",
                "task_specific_params",
                "tf_legacy_loss", "_attn_implementation", "_attn_implementation_autoset",
                "attn_implementation",
                "_commit_hash", "_model_name", "begin_suppress_tokens", "suppress_tokens", "bad_words_ids",
                "bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id",
                "forced_bos_token_id", "forced_eos_token_id", "diversity_penalty", "do_sample",
                "early_stopping",
                "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "length_penalty",
                "max_length",
                "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams", "num_return_sequences",
                "output_scores", "prefix", "remove_invalid_values", "repetition_penalty",
                "return_dict_in_generate", "temperature", "tokenizer_class", "top_k", "top_p", "typical_p",
                "query_bias", "key_bias", "value_bias", "proj_bias", "mlp_bias", "use_gated_mlp",
                "use_swiglu_ffn", "pos_embed_shift", "pos_embed_jitter", "pos_embed_rescale",
                "return_class_token", "hidden_size", "num_hidden_layers", "intermediate_size", "num_channels",
                "num_register_tokens",
                "num_layers", "projection_dim", "initializer_range", "initializer_factor",
                "logit_scale_init_value",
                "encoder_stride", "pooler_output_size", "pooler_act", "layerscale_value",
                "layer_scale_init_value", "apply_layernorm", "reshape_hidden_states", "use_mask_token",
                "use_relative_position_bias", "use_absolute_position_embeddings",
                "use_shared_relative_position_bias", "vocab_size", "pool_scales", "use_auxiliary_head",
                "auxiliary_loss_weight", "auxiliary_channels", "auxiliary_num_convs",
                "auxiliary_concat_input",
                "semantic_loss_ignore_index", "add_fpn", "out_features", "out_indices", "stage_names",
                "decoder_hidden_size",
                "decoder_intermediate_size",
                "decoder_num_attention_heads", "decoder_num_hidden_layers", "mask_ratio", "norm_pix_loss",
                "text_config", "text_config_dict", "vision_config_dict", "label_descriptions", "do_pooling",
                "first_conv", "classifier", "processor_class", "image_processor_type", "model_version",
            ])
        }
    }

    /// Why an object of the file cannot be taken as it is: the first key that is not known, or has another value than is
    /// accepted; nil if there is none.
    static func refusal(of object: [String: Any], in place: Place) -> String? {
        let (read, ignored, fixed) = (honoured(place), withoutEffect(place), fixed(place))
        for (key, value) in object.sorted(by: { $0.key < $1.key }) where !read.contains(key) {
            if let accepted = fixed[key] {
                if accepted.contains(json(value).lowercased()) { continue }
                return "“\(key)” in \(place.name) is \(json(value)); only \(accepted[0]) is supported"
            }
            guard !ignored.contains(key) else { continue }
            return
                "the key “\(key)” in \(place.name) is not known, so that it may change what the model computes; "
                + "accepted are \(read.sorted().joined(separator: ", ")) and those known to be without effect; "
                + "remove it if it is a note"
        }
        return nil
    }
}
