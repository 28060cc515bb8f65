/// What timm 1.0.31 means by the names of its architectures; made by Tests/Reference/timm_architectures.py.
enum TimmArchitectures {
    /// One group of architectures a line, facts before the colon: `ArchitectureFacts` reads them.
    static let table = """
        heads=10 eps=1e-05: vit_betwixt_patch32_clip_224
        heads=10 pool=avg: vit_betwixt_patch16_gap_256 vit_betwixt_patch16_reg1_gap_256 \
          vit_betwixt_patch16_reg4_gap_256 vit_betwixt_patch16_reg4_gap_384
        heads=10 pool=avg rotary=index/neighbours/10000/16: vit_betwixt_patch16_rope_reg4_gap_256
        heads=12: deit3_base_patch16_224 deit3_base_patch16_224_in21ft1k deit3_base_patch16_384 \
          deit3_base_patch16_384_in21ft1k deit_base_distilled_patch16_224 deit_base_distilled_patch16_384 \
          deit_base_patch16_224 deit_base_patch16_384 flexivit_base vit_base_patch14_dinov2 \
          vit_base_patch14_reg1_tipsv2 vit_base_patch14_reg4_dinov2 vit_base_patch16_224 vit_base_patch16_224_dino \
          vit_base_patch16_224_in21k vit_base_patch16_224_miil vit_base_patch16_224_miil_in21k \
          vit_base_patch16_224_sam vit_base_patch16_384 vit_base_patch32_224 vit_base_patch32_224_in21k \
          vit_base_patch32_224_sam vit_base_patch32_384 vit_base_patch8_224 vit_base_patch8_224_dino \
          vit_base_patch8_224_in21k
        heads=12 act=gelu_tanh pool=avg: vit_base_patch32_siglip_gap_256
        heads=12 act=gelu_tanh pool=map: vit_base_patch32_siglip_256
        heads=12 act=quick_gelu eps=1e-05: vit_base_patch16_clip_quickgelu_224 vit_base_patch32_clip_quickgelu_224
        heads=12 act=silu pool=avg rotary=index/neighbours/10000/16: eva02_base_patch14_224 eva02_base_patch14_448
        heads=12 act=silu rotary=index/neighbours/10000/16: eva02_base_patch16_clip_224
        heads=12 eps=1e-05: vit_base_patch16_clip_224 vit_base_patch16_clip_384 vit_base_patch32_224_clip_laion2b \
          vit_base_patch32_clip_224 vit_base_patch32_clip_256 vit_base_patch32_clip_384 vit_base_patch32_clip_448
        heads=12 eps=1e-05 pool=avg: beit3_base_patch16_224
        heads=12 eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_base_patch16_dinov3 vit_base_patch16_dinov3_qkvb
        heads=12 eps=1e-05 rotary=centre/halves/100/0: vit_base_patch16_lingbot
        heads=12 pool=avg: beit_base_patch16_224 beit_base_patch16_384 beitv2_base_patch16_224 \
          vit_base_patch16_reg4_gap_256 vit_base_patch16_siglip_gap_224 vit_base_patch16_siglip_gap_256 \
          vit_base_patch16_siglip_gap_384 vit_base_patch16_siglip_gap_512
        heads=12 pool=avg post: vit_base_patch16_rpn_224
        heads=12 pool=avg rotary=index/neighbours/10000/16: vit_base_patch16_rope_reg1_gap_256
        heads=12 pool=map: vit_base_patch16_siglip_224 vit_base_patch16_siglip_256 vit_base_patch16_siglip_384 \
          vit_base_patch16_siglip_512
        heads=12 rotary=index/neighbours/100/0/columns: vit_base_patch16_rope_224 vit_base_patch16_rope_ape_224
        heads=13 pool=avg: vit_so150m2_patch16_reg1_gap_256 vit_so150m2_patch16_reg1_gap_384 \
          vit_so150m2_patch16_reg1_gap_448
        heads=14: vit_base_patch16_plus_240 vit_base_patch32_plus_256
        heads=14 eps=1e-05: vit_base_patch16_plus_clip_240
        heads=14 pool=avg: vit_so150m_patch16_reg4_gap_256 vit_so150m_patch16_reg4_gap_384
        heads=14 pool=map: vit_so150m_patch16_reg4_map_256
        heads=16: deit3_huge_patch14_224 deit3_huge_patch14_224_in21ft1k deit3_large_patch16_224 \
          deit3_large_patch16_224_in21ft1k deit3_large_patch16_384 deit3_large_patch16_384_in21ft1k \
          eva_giant_patch14_clip_224 flexivit_large vit_giant_patch14_224 vit_gigantic_patch14_224 \
          vit_huge_patch14_224 vit_huge_patch14_224_in21k vit_large_patch14_224 vit_large_patch14_dinov2 \
          vit_large_patch14_reg1_tipsv2 vit_large_patch14_reg4_dinov2 vit_large_patch16_224 \
          vit_large_patch16_224_in21k vit_large_patch16_384 vit_large_patch32_224 vit_large_patch32_224_in21k \
          vit_large_patch32_384 vit_so400m_patch14_reg1_tipsv2
        heads=16 act=gelu_tanh pool=avg: vit_giantopt_patch16_siglip_gap_256 vit_giantopt_patch16_siglip_gap_384 \
          vit_large_patch16_siglip_gap_512 vit_so400m_patch16_siglip_gap_256 vit_so400m_patch16_siglip_gap_384 \
          vit_so400m_patch16_siglip_gap_512
        heads=16 act=gelu_tanh pool=map: vit_giantopt_patch16_siglip_256 vit_giantopt_patch16_siglip_384 \
          vit_large_patch16_siglip_512 vit_so400m_patch16_siglip_256 vit_so400m_patch16_siglip_384 \
          vit_so400m_patch16_siglip_512
        heads=16 act=quick_gelu eps=1e-05: vit_gigantic_patch14_clip_quickgelu_224 \
          vit_huge_patch14_clip_quickgelu_224 vit_huge_patch14_clip_quickgelu_378 \
          vit_large_patch14_clip_quickgelu_224 vit_large_patch14_clip_quickgelu_336
        heads=16 act=silu pool=avg rotary=index/neighbours/10000/16: eva02_large_patch14_224 eva02_large_patch14_448
        heads=16 act=silu rotary=index/neighbours/10000/16: eva02_large_patch14_clip_224 \
          eva02_large_patch14_clip_336
        heads=16 eps=1e-05: vit_giant_patch14_224_clip_laion2b vit_giant_patch14_clip_224 \
          vit_gigantic_patch14_clip_224 vit_gigantic_patch14_clip_378 vit_huge_patch14_224_clip_laion2b \
          vit_huge_patch14_clip_224 vit_huge_patch14_clip_336 vit_huge_patch14_clip_378 \
          vit_large_patch14_224_clip_laion2b vit_large_patch14_clip_224 vit_large_patch14_clip_336
        heads=16 eps=1e-05 pool=avg: beit3_giant_patch14_224 beit3_giant_patch14_336 beit3_large_patch16_224
        heads=16 eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_large_patch16_dinov3 \
          vit_large_patch16_dinov3_qkvb
        heads=16 eps=1e-05 rotary=centre/halves/100/0: vit_large_patch16_lingbot
        heads=16 pool=avg: beit_large_patch16_224 beit_large_patch16_384 beit_large_patch16_512 \
          beitv2_large_patch16_224 eva_giant_patch14_224 eva_giant_patch14_336 eva_giant_patch14_560 \
          eva_large_patch14_196 eva_large_patch14_336 vit_base_patch16_gap_224 vit_giant_patch16_gap_224 \
          vit_huge_patch14_gap_224 vit_huge_patch16_gap_448 vit_large_patch16_siglip_gap_256 \
          vit_large_patch16_siglip_gap_384 vit_so400m_patch14_siglip_gap_224 vit_so400m_patch14_siglip_gap_378 \
          vit_so400m_patch14_siglip_gap_384 vit_so400m_patch14_siglip_gap_448 vit_so400m_patch14_siglip_gap_896
        heads=16 pool=map: vit_large_patch16_siglip_256 vit_large_patch16_siglip_384 vit_so400m_patch14_siglip_224 \
          vit_so400m_patch14_siglip_378 vit_so400m_patch14_siglip_384
        heads=16 post: eva02_enormous_patch14_clip_224
        heads=16 rotary=index/neighbours/100/0/columns: vit_large_patch16_rope_224 vit_large_patch16_rope_ape_224
        heads=2: test_vit
        heads=2 pool=avg: test_vit2
        heads=20 act=silu eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_huge_plus_patch16_dinov3 \
          vit_huge_plus_patch16_dinov3_qkvb
        heads=24 act=silu: vit_giant_patch14_dinov2 vit_giant_patch14_reg1_tipsv2 vit_giant_patch14_reg4_dinov2
        heads=24 act=silu eps=1e-05 rotary=centre/halves/100/0: vit_giant_patch16_lingbot
        heads=3: deit_tiny_distilled_patch16_224 deit_tiny_patch16_224 vit_tiny_patch16_224 \
          vit_tiny_patch16_224_in21k vit_tiny_patch16_384
        heads=3 act=silu pool=avg rotary=index/neighbours/10000/16: eva02_tiny_patch14_224 eva02_tiny_patch14_336
        heads=3 eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_tiny_patch16_dinov3_qkvb
        heads=3 pool=map prefix: test_vit3
        heads=32 act=silu eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_7b_patch16_dinov3
        heads=4 eps=1e-05: vit_xsmall_patch16_clip_224
        heads=4 pool=avg: vit_wee_patch16_reg1_gap_256
        heads=5 pool=avg: vit_little_patch16_reg1_gap_256 vit_little_patch16_reg4_gap_256
        heads=6: deit3_small_patch16_224 deit3_small_patch16_224_in21ft1k deit3_small_patch16_384 \
          deit3_small_patch16_384_in21ft1k deit_small_distilled_patch16_224 deit_small_patch16_224 flexivit_small \
          vit_small_patch14_dinov2 vit_small_patch14_reg4_dinov2 vit_small_patch16_224 vit_small_patch16_224_dino \
          vit_small_patch16_224_in21k vit_small_patch16_36x1_224 vit_small_patch16_384 vit_small_patch32_224 \
          vit_small_patch32_224_in21k vit_small_patch32_384 vit_small_patch8_224 vit_small_patch8_224_dino
        heads=6 act=silu eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_small_plus_patch16_dinov3 \
          vit_small_plus_patch16_dinov3_qkvb
        heads=6 act=silu pool=avg rotary=index/neighbours/10000/16: eva02_small_patch14_224 eva02_small_patch14_336
        heads=6 eps=1e-05 pool=avg rotary=centre/halves/100/0: vit_small_patch16_dinov3 \
          vit_small_patch16_dinov3_qkvb
        heads=6 eps=1e-05 rotary=centre/halves/100/0: vit_small_patch16_lingbot
        heads=6 rotary=index/neighbours/100/0/columns: vit_small_patch16_rope_224 vit_small_patch16_rope_ape_224
        heads=8: deit3_medium_patch16_224 deit3_medium_patch16_224_in21ft1k
        heads=8 eps=1e-05: vit_medium_patch16_clip_224 vit_medium_patch32_clip_224
        heads=8 pool=avg: vit_medium_patch16_gap_240 vit_medium_patch16_gap_256 vit_medium_patch16_gap_384 \
          vit_medium_patch16_reg1_gap_256 vit_medium_patch16_reg4_gap_256 vit_mediumd_patch16_reg4_gap_256 \
          vit_mediumd_patch16_reg4_gap_384
        heads=8 pool=avg rotary=index/neighbours/10000/16: vit_medium_patch16_rope_reg1_gap_256 \
          vit_mediumd_patch16_rope_reg1_gap_256
        no=attentionPooling: vit_pe_core_base_patch16_224 vit_pe_core_gigantic_patch14_448 \
          vit_pe_core_large_patch14_336 vit_pe_core_small_patch16_384 vit_pe_core_tiny_patch16_384
        no=classAttention: cait_m36_384 cait_m48_448 cait_s24_224 cait_s24_384 cait_s36_384 cait_xs24_384 \
          cait_xxs24_224 cait_xxs24_384 cait_xxs36_224 cait_xxs36_384
        no=convolutionalStem: vit_base_mci_224 vit_base_r26_s32_224 vit_base_r50_s16_224 vit_base_r50_s16_224_in21k \
          vit_base_r50_s16_384 vit_base_resnet50_224_in21k vit_base_resnet50_384 vit_large_r50_s32_224 \
          vit_large_r50_s32_224_in21k vit_large_r50_s32_384 vit_small_r26_s32_224 vit_small_r26_s32_224_in21k \
          vit_small_r26_s32_384 vit_tiny_r_s16_p8_224 vit_tiny_r_s16_p8_224_in21k vit_tiny_r_s16_p8_384 \
          vitamin_base_224 vitamin_large2_224 vitamin_large2_256 vitamin_large2_336 vitamin_large2_384 \
          vitamin_large_224 vitamin_large_256 vitamin_large_336 vitamin_large_384 vitamin_small_224 \
          vitamin_xlarge_256 vitamin_xlarge_336 vitamin_xlarge_384
        no=cosineAttention: swinv2_cr_base_224 swinv2_cr_base_384 swinv2_cr_base_ns_224 swinv2_cr_giant_224 \
          swinv2_cr_giant_384 swinv2_cr_huge_224 swinv2_cr_huge_384 swinv2_cr_large_224 swinv2_cr_large_384 \
          swinv2_cr_small_224 swinv2_cr_small_384 swinv2_cr_small_ns_224 swinv2_cr_small_ns_256 swinv2_cr_tiny_224 \
          swinv2_cr_tiny_384 swinv2_cr_tiny_ns_224
        no=crossCovariance: xcit_large_24_p16_224 xcit_large_24_p16_224_dist xcit_large_24_p16_384 \
          xcit_large_24_p16_384_dist xcit_large_24_p8_224 xcit_large_24_p8_224_dist xcit_large_24_p8_384 \
          xcit_large_24_p8_384_dist xcit_medium_24_p16_224 xcit_medium_24_p16_224_dist xcit_medium_24_p16_384 \
          xcit_medium_24_p16_384_dist xcit_medium_24_p8_224 xcit_medium_24_p8_224_dist xcit_medium_24_p8_384 \
          xcit_medium_24_p8_384_dist xcit_nano_12_p16_224 xcit_nano_12_p16_224_dist xcit_nano_12_p16_384 \
          xcit_nano_12_p16_384_dist xcit_nano_12_p8_224 xcit_nano_12_p8_224_dist xcit_nano_12_p8_384 \
          xcit_nano_12_p8_384_dist xcit_small_12_p16_224 xcit_small_12_p16_224_dist xcit_small_12_p16_384 \
          xcit_small_12_p16_384_dist xcit_small_12_p8_224 xcit_small_12_p8_224_dist xcit_small_12_p8_384 \
          xcit_small_12_p8_384_dist xcit_small_24_p16_224 xcit_small_24_p16_224_dist xcit_small_24_p16_384 \
          xcit_small_24_p16_384_dist xcit_small_24_p8_224 xcit_small_24_p8_224_dist xcit_small_24_p8_384 \
          xcit_small_24_p8_384_dist xcit_tiny_12_p16_224 xcit_tiny_12_p16_224_dist xcit_tiny_12_p16_384 \
          xcit_tiny_12_p16_384_dist xcit_tiny_12_p8_224 xcit_tiny_12_p8_224_dist xcit_tiny_12_p8_384 \
          xcit_tiny_12_p8_384_dist xcit_tiny_24_p16_224 xcit_tiny_24_p16_224_dist xcit_tiny_24_p16_384 \
          xcit_tiny_24_p16_384_dist xcit_tiny_24_p8_224 xcit_tiny_24_p8_224_dist xcit_tiny_24_p8_384 \
          xcit_tiny_24_p8_384_dist
        no=decomposedPositions: samvit_base_patch16 samvit_base_patch16_224 samvit_huge_patch16 samvit_large_patch16
        no=differentialAttention: vit_dlittle_patch16_reg1_gap_256 vit_dpwee_patch16_reg1_gap_256 \
          vit_dwee_patch16_reg1_gap_256
        no=flexiblePatches: naflexvit_base_patch16_gap naflexvit_base_patch16_map naflexvit_base_patch16_par_gap \
          naflexvit_base_patch16_parfac_gap naflexvit_base_patch16_radio_v3 naflexvit_base_patch16_siglip \
          naflexvit_giant_patch16_radio_v3 naflexvit_huge_patch16_radio_v3 naflexvit_huge_patch16_radio_v4 \
          naflexvit_large_patch16_radio_v3 naflexvit_so150m2_patch16_reg1_gap naflexvit_so150m2_patch16_reg1_map \
          naflexvit_so400m_patch16_radio_v4 naflexvit_so400m_patch16_siglip
        no=gatedAttention: convit_base convit_small convit_tiny
        no=learnedRotations: vit_base_patch16_rope_mixed_224 vit_base_patch16_rope_mixed_ape_224 \
          vit_large_patch16_rope_mixed_224 vit_large_patch16_rope_mixed_ape_224 vit_small_patch16_rope_mixed_224 \
          vit_small_patch16_rope_mixed_ape_224
        no=noLastNorm: vit_base_patch16_radio_v3 vit_giant_patch16_radio_v3 vit_huge_patch16_radio_v3 \
          vit_huge_patch16_radio_v4 vit_intern300m_patch14_448 vit_large_patch16_radio_v3 \
          vit_pe_lang_gigantic_patch14_448 vit_pe_lang_large_patch14_448 vit_pe_spatial_base_patch16_512 \
          vit_pe_spatial_gigantic_patch14_448 vit_pe_spatial_large_patch14_448 vit_pe_spatial_small_patch16_512 \
          vit_pe_spatial_tiny_patch16_512 vit_so400m_patch16_radio_v4
        no=ownArchitecture: coat_lite_medium coat_lite_medium_384 coat_lite_mini coat_lite_small coat_lite_tiny \
          coat_mini coat_small coat_tiny coatnet_0_224 coatnet_0_rw_224 coatnet_1_224 coatnet_1_rw_224 coatnet_2_224 \
          coatnet_2_rw_224 coatnet_3_224 coatnet_3_rw_224 coatnet_4_224 coatnet_5_224 coatnet_bn_0_rw_224 \
          coatnet_nano_cc_224 coatnet_nano_rw_224 coatnet_pico_rw_224 coatnet_rmlp_0_rw_224 coatnet_rmlp_1_rw2_224 \
          coatnet_rmlp_1_rw_224 coatnet_rmlp_2_rw_224 coatnet_rmlp_2_rw_384 coatnet_rmlp_3_rw_224 \
          coatnet_rmlp_nano_rw_224 coatnext_nano_rw_224 crossvit_15_240 crossvit_15_dagger_240 \
          crossvit_15_dagger_408 crossvit_18_240 crossvit_18_dagger_240 crossvit_18_dagger_408 crossvit_9_240 \
          crossvit_9_dagger_240 crossvit_base_240 crossvit_small_240 crossvit_tiny_240 davit_base davit_base_fl \
          davit_giant davit_huge davit_huge_fl davit_large davit_small davit_tiny gcvit_base gcvit_small gcvit_tiny \
          gcvit_xtiny gcvit_xxtiny hiera_base_224 hiera_base_abswin_256 hiera_base_plus_224 hiera_huge_224 \
          hiera_large_224 hiera_small_224 hiera_small_abswin_256 hiera_tiny_224 hieradet_small jx_nest_base \
          jx_nest_small jx_nest_tiny levit_128 levit_128s levit_192 levit_256 levit_256d levit_384 levit_384_s8 \
          levit_512 levit_512_s8 levit_512d levit_conv_128 levit_conv_128s levit_conv_192 levit_conv_256 \
          levit_conv_256d levit_conv_384 levit_conv_384_s8 levit_conv_512 levit_conv_512_s8 levit_conv_512d \
          maxvit_base_tf_224 maxvit_base_tf_384 maxvit_base_tf_512 maxvit_large_tf_224 maxvit_large_tf_384 \
          maxvit_large_tf_512 maxvit_nano_rw_256 maxvit_pico_rw_256 maxvit_rmlp_base_rw_224 maxvit_rmlp_base_rw_384 \
          maxvit_rmlp_nano_rw_256 maxvit_rmlp_pico_rw_256 maxvit_rmlp_small_rw_224 maxvit_rmlp_small_rw_256 \
          maxvit_rmlp_tiny_rw_256 maxvit_small_tf_224 maxvit_small_tf_384 maxvit_small_tf_512 maxvit_tiny_pm_256 \
          maxvit_tiny_rw_224 maxvit_tiny_rw_256 maxvit_tiny_tf_224 maxvit_tiny_tf_384 maxvit_tiny_tf_512 \
          maxvit_xlarge_tf_224 maxvit_xlarge_tf_384 maxvit_xlarge_tf_512 maxxvit_rmlp_nano_rw_256 \
          maxxvit_rmlp_small_rw_256 maxxvit_rmlp_tiny_rw_256 maxxvitv2_nano_rw_256 maxxvitv2_rmlp_base_rw_224 \
          maxxvitv2_rmlp_base_rw_384 maxxvitv2_rmlp_large_rw_224 mvitv2_base mvitv2_base_cls mvitv2_huge_cls \
          mvitv2_large mvitv2_large_cls mvitv2_small mvitv2_small_cls mvitv2_tiny nest_base nest_base_jx nest_small \
          nest_small_jx nest_tiny nest_tiny_jx pit_b_224 pit_b_distilled_224 pit_s_224 pit_s_distilled_224 \
          pit_ti_224 pit_ti_distilled_224 pit_xs_224 pit_xs_distilled_224 pvt_v2_b0 pvt_v2_b1 pvt_v2_b2 pvt_v2_b2_li \
          pvt_v2_b3 pvt_v2_b4 pvt_v2_b5 sam2_hiera_base_plus sam2_hiera_large sam2_hiera_small sam2_hiera_tiny \
          test_coatnet test_maxvit tiny_vit_11m_224 tiny_vit_21m_224 tiny_vit_21m_384 tiny_vit_21m_512 \
          tiny_vit_5m_224 tnt_b_patch16_224 tnt_s_legacy_patch16_224 tnt_s_patch16_224 twins_pcpvt_base \
          twins_pcpvt_large twins_pcpvt_small twins_svt_base twins_svt_large twins_svt_small volo_d1_224 volo_d1_384 \
          volo_d2_224 volo_d2_384 volo_d3_224 volo_d3_448 volo_d4_224 volo_d4_448 volo_d5_224 volo_d5_448 \
          volo_d5_512
        no=parallelBranches: vit_base_patch16_18x2_224 vit_base_patch16_xp_224 vit_huge_patch14_xp_224 \
          vit_large_patch14_xp_224 vit_pwee_patch16_reg1_gap_256 vit_small_patch16_18x2_224
        no=queryKeyNorm: vit_5b_patch16_sapiens2 vit_base_patch16_sapiens2 vit_giant_patch16_sapiens2 \
          vit_huge_patch16_sapiens2 vit_large_patch16_sapiens2
        no=relativePositions: test_vit_relpos vit_relpos_base_patch16_224 vit_relpos_base_patch16_cls_224 \
          vit_relpos_base_patch16_clsgap_224 vit_relpos_base_patch16_plus_240 vit_relpos_base_patch16_rpn_224 \
          vit_relpos_base_patch32_plus_rpn_256 vit_relpos_medium_patch16_224 vit_relpos_medium_patch16_cls_224 \
          vit_relpos_medium_patch16_rpn_224 vit_relpos_small_patch16_224 vit_relpos_small_patch16_rpn_224 \
          vit_srelpos_medium_patch16_224 vit_srelpos_small_patch16_224
        no=rmsNorm: aimv2_1b_patch14_224 aimv2_1b_patch14_336 aimv2_1b_patch14_448 aimv2_3b_patch14_224 \
          aimv2_3b_patch14_336 aimv2_3b_patch14_448 aimv2_huge_patch14_224 aimv2_huge_patch14_336 \
          aimv2_huge_patch14_448 aimv2_large_patch14_224 aimv2_large_patch14_336 aimv2_large_patch14_448 \
          deepseek_vit_412m deepseek_vit_412m_align test_vit4
        no=unequalWindows: swin_s3_base_224 swin_s3_small_224 swin_s3_tiny_224
        swin: swin_base_patch4_window12_384 swin_base_patch4_window12_384_in22k swin_base_patch4_window7_224 \
          swin_base_patch4_window7_224_in22k swin_large_patch4_window12_384 swin_large_patch4_window12_384_in22k \
          swin_large_patch4_window7_224 swin_large_patch4_window7_224_in22k swin_small_patch4_window7_224 \
          swin_tiny_patch4_window7_224
        swinv2 window=12: swinv2_base_window12_192 swinv2_base_window12_192_22k swinv2_large_window12_192 \
          swinv2_large_window12_192_22k
        swinv2 window=16: swinv2_base_window16_256 swinv2_small_window16_256 swinv2_tiny_window16_256
        swinv2 window=16 pretrained=12,12,12,6: swinv2_base_window12to16_192to256 \
          swinv2_base_window12to16_192to256_22kft1k swinv2_large_window12to16_192to256 \
          swinv2_large_window12to16_192to256_22kft1k
        swinv2 window=24 pretrained=12,12,12,6: swinv2_base_window12to24_192to384 \
          swinv2_base_window12to24_192to384_22kft1k swinv2_large_window12to24_192to384 \
          swinv2_large_window12to24_192to384_22kft1k
        swinv2 window=8: swinv2_base_window8_256 swinv2_small_window8_256 swinv2_tiny_window8_256
        """
}
