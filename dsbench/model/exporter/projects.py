"""Projects whose code leaves its names in an ONNX file, and how that code feeds the network.

Each row needs marks that no other project leaves together. A row states what the project's own code has always done;
where it changed, ``feedings`` has a row for each period (the first layer shows which), and a key on which they
differ otherwise is left open. Marks are regular expressions over the lines of `graph_names.signature`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dsbench.model.exporter.normalisation import CLIP, IMAGENET, Scaling, Statistics, one_scale

RGB, BGR = 0, 1
UNIT = Scaling(1 / 255)
BYTE = Scaling(1.0)
MINUS_ONE = Scaling(1 / 128, (127.0, 127.0, 127.0))


def _statistics(known: Statistics, order: int = RGB) -> Scaling:
    mean, std = (tuple(value * 255 for value in values) for values in known)
    found = one_scale(1.0, mean[::-1], std[::-1]) if order == BGR else one_scale(1 / 255, *known)
    assert found is not None
    return found


IMAGENET_RGB, IMAGENET_BGR, CLIP_RGB = _statistics(IMAGENET), _statistics(IMAGENET, BGR), _statistics(CLIP)


@dataclass(frozen=True, slots=True)
class Feeding:
    """nvinfer's keys; None: the project's own code does not settle it. ``scaling`` states scale and offsets."""

    scaling: Scaling | None = None
    color: int | None = None
    keeps_aspect: int | None = None
    symmetric: int | None = None
    offsets: bool = True
    """Whether the offsets of ``scaling`` are settled: their order is that of the colours."""


STRETCHED_RGB = Feeding(UNIT, RGB, 0)
CENTRED_RGB = Feeding(UNIT, RGB, 1, 1)
NANODET = "nanodet config/, data/transform/warp.py"


@dataclass(frozen=True, slots=True)
class Project:
    """``marks`` must all be found, ``without`` must not. ``source``: the project's code or config with the feeding."""

    name: str
    marks: tuple[str, ...]
    feedings: tuple[Feeding, ...]
    source: str
    without: str = ""


_BLOCK = r"\bmodel\.\d+\.(\d+\.)?(conv|cv\d\.conv|stem\w*|branch\d)\b"
_QUERIES = r"(enc|dec)_score_head\b"
PROJECTS: tuple[Project, ...] = (
    Project(
        "Ultralytics or YOLOv5, v7, v9, v10",
        (
            _BLOCK,
            r"\bmodel\.\d+\.(dfl\.conv|cv[234]\.\d\.\d|one2one_cv\d|m\.\d\.(weight|bias|Conv)|anchor_grid|im?\.\d)",
        ),
        (CENTRED_RGB,),
        "LetterBox of ultralytics data/augment.py, letterbox of yolov5 utils/augmentations.py and yolov7"
        " utils/datasets.py; divided by 255",
        without=rf"{_QUERIES}|drive_area_seg|lane_line_seg",
    ),
    Project(
        "Ultralytics' RT-DETR",
        (_BLOCK, rf"\bmodel\.\d+\.{_QUERIES}"),
        (STRETCHED_RGB,),
        "ultralytics models/rtdetr/predict.py: LetterBox(scale_fill=True); divided by 255",
    ),
    Project(
        "YOLOv6",
        (r"\bERBlock_2\b", r"\bdetect\.(stems|cls_convs|reg_convs|cls_preds|reg_preds)\b"),
        (CENTRED_RGB,),
        "yolov6 core/inferer.py process_image",
    ),
    Project(
        "YOLOX",
        (r"\bhead\.obj_preds\.\d", r"\bhead\.cls_preds\.\d", r"\bhead\.reg_preds\.\d"),
        (Feeding(BYTE, BGR, 1, 0), Feeding(IMAGENET_RGB, RGB, 1)),
        "yolox data/data_augment.py preproc: 0-255 BGR since 0.1.1, before (and ByteTrack) ImageNet statistics, RGB",
    ),
    Project(
        "RTMDet (mmdetection)",
        (r"\bbbox_head\.(head_module\.)?rtm_cls\.\d", r"\battention\.fc\b", r"^size open$"),
        (Feeding(IMAGENET_BGR, BGR, 1, 0),),
        "mmdet configs/rtmdet: data_preprocessor, Resize keep_ratio, Pad at the right and below",
    ),
    Project(
        "RTMDet (mmdetection)",
        (r"\bbbox_head\.(head_module\.)?rtm_cls\.\d", r"\battention\.fc\b", r"^size fixed$"),
        (Feeding(IMAGENET_BGR, BGR),),
        "mmdet configs/rtmdet: data_preprocessor; mmdeploy stretches where the size is fixed, mmdet pads",
    ),
    Project(
        "YOLOX (mmdetection)",
        (r"\bbbox_head\.(head_module\.)?multi_level_conv_obj\.\d", r"\bmulti_level_conv_cls\.\d"),
        (Feeding(BYTE, BGR), Feeding(IMAGENET_RGB, RGB)),
        "mmdet configs/yolox: no normalisation since 2.15; mmdeploy stretches where the size is fixed, mmdet pads",
    ),
    Project(
        "YOLOv5 to YOLOv8, PP-YOLOE (mmyolo)",
        (r"\bbbox_head\.head_module\.(convs_pred|cls_preds|reg_preds)\.\d", r"\bbackbone\.(stem|stage1)\b"),
        (Feeding(UNIT, RGB),),
        "mmyolo configs: mean 0, std 255, bgr_to_rgb",
    ),
    Project(
        "NanoDet before 1.0",
        (r"\bhead\.gfl_cls\.\d", r"\bfpn\.lateral_convs\.\d"),
        (Feeding(IMAGENET_BGR, BGR, 1, 1),),
        f"{NANODET}: keep_ratio in every config, in the middle",
        without=r"^op Clip$|\bhead\.gfl_cls\.3\b",
    ),
    Project(
        "NanoDet-Plus, 80 classes",
        (r"\bhead\.gfl_cls\.3\b", r"^output \S+ (\S+x)?(112|80)$"),
        (Feeding(IMAGENET_BGR, BGR, 0),),
        f"{NANODET}: no keep_ratio in any config of COCO",
        without=r"^op Clip$",
    ),
    Project(
        "NanoDet-Plus",
        (r"\bhead\.gfl_cls\.3\b",),
        (Feeding(IMAGENET_BGR, BGR),),
        f"{NANODET}: keep_ratio differs among the configs",
        without=r"^op Clip$|^output \S+ (\S+x)?(112|80)$",
    ),
    Project(
        "DAMO-YOLO",
        (r"\bbackbone\.block_list\.\d", r"\bhead\.gfl_(cls|reg)\.\d"),
        (Feeding(BYTE, RGB, 0),),
        "damo config/augmentations.py: mean 0, std 1, keep_ratio False; tools/demo.py: RGB",
    ),
    Project(
        "PicoDet (PaddleDetection)",
        (
            r"^name .*Paddle|^p2o\.\w",
            r"^output (transpose|save_infer_model/scale)_\d+\.tmp_\d .*x32$",
            r"^outputs (6|8)$",
        ),
        (Feeding(IMAGENET_RGB, offsets=False),),
        "configs/picodet/_base_: ImageNet statistics; training reads RGB, demo_onnxruntime BGR",
    ),
    Project(
        "UltraFace or pytorch-ssd",
        (r"\bclassification_headers\.\d", r"\bregression_headers\.\d", r"^output \S+ .*x4$"),
        (
            Feeding(MINUS_ONE, RGB, 0),
            Feeding(Scaling(1.0, (123.0, 117.0, 104.0)), RGB, 0),
        ),
        "vision/ssd/config: mean 127, std 128, RGB, resized (VGG: means 123;117;104)",
    ),
    Project(
        "SSD by lufficc",
        (r"\bbox_head\.predictor\.cls_headers\.\d", r"\bbox_head\.predictor\.reg_headers\.\d"),
        (Feeding(Scaling(1.0, (123.0, 117.0, 104.0)), RGB, 0),),
        "ssd/config/defaults.py PIXEL_MEAN, RGB; Resize in data/transforms",
    ),
    Project(
        "SSD of NVIDIA's DeepLearningExamples",
        (r"\badditional_blocks\.\d", r"\bfeature_extractor\.\d|\bfeature_extractor\.feature_extractor\b"),
        (Feeding(IMAGENET_RGB, RGB, 0),),
        "ssd/utils.py SSDTransformer: Resize((300, 300)), ImageNet statistics",
    ),
    Project(
        "Yet-Another-EfficientDet",
        (r"\bbackbone_net\.", r"\bbifpn\.\d", r"\b(regressor|classifier)\.header\b"),
        (Feeding(IMAGENET_RGB, RGB, 1, 0),),
        "utils/utils.py preprocess, aspectaware_resize_padding",
    ),
    Project(
        "Pytorch_Retinaface",
        (r"\bBboxHead\.\d", r"\bClassHead\.\d", r"\bLandmarkHead\.\d", r"^input input0 ", r"^output output0 "),
        (Feeding(Scaling(1.0, (104.0, 117.0, 123.0)), BGR, 1, 0),),
        "detect.py: BGR less (104, 117, 123), not stretched; data/data_augment.py pads at the right and below",
    ),
    Project(
        "RT-DETR, D-FINE or DEIM",
        (r"\bdecoder\.(dec|enc)_score_head\b", r"\b(decoder|encoder)\.input_proj\.\d", r"\bbackbone\b"),
        (STRETCHED_RGB,),
        "configs/dataset and tools/inference: Resize to the input, ConvertPILImage scale",
        without=r"\bdinov3\b|\bbackbone\.sta\b|\bmodel\.\d+\.(enc|dec)_score_head\b|^input pixel_values ",
    ),
    Project(
        "DEIMv2 with DINOv3",
        (r"\bdecoder\.(dec|enc)_score_head\b", r"\bbackbone\.(dinov3|sta)\b"),
        (Feeding(IMAGENET_RGB, RGB, 0),),
        "DEIMv2 configs/deimv2: ImageNet statistics for the DINOv3 sizes, Resize to the input",
    ),
    Project(
        "RF-DETR",
        (r"\bbackbone\.0\.encoder\b", r"^output dets ", r"^output labels "),
        (Feeding(IMAGENET_RGB, RGB, 0),),
        "rfdetr detr.py predict: ImageNet statistics, a square resize",
    ),
    Project(
        "DETR (Hugging Face)",
        (r"\bclass_labels_classifier\b", r"\bbbox_predictor\b", r"^input pixel_values "),
        (Feeding(IMAGENET_RGB, RGB),),
        "DetrImageProcessor and YolosImageProcessor: do_normalize with ImageNet statistics",
    ),
    Project(
        "RT-DETR or D-FINE (Hugging Face)",
        (r"\b(encoder|decoder)_input_proj\.\d", r"\b(enc_score_head|class_embed)\b", r"^input pixel_values "),
        (STRETCHED_RGB,),
        "RTDetrImageProcessor: do_rescale, no do_normalize, no do_pad",
    ),
    Project(
        "OWL-ViT (Hugging Face)",
        (r"\bowlvit\.vision_model\b", r"\b(class_head|box_head)\b"),
        (Feeding(CLIP_RGB, RGB, 0),),
        "OwlViTImageProcessor: do_normalize with CLIP's statistics, resized to a square",
    ),
    Project(
        "OWLv2 (Hugging Face)",
        (r"\bowlv2\.vision_model\b", r"\b(class_head|box_head)\b"),
        (Feeding(CLIP_RGB, RGB, 1, 0),),
        "Owlv2ImageProcessor: do_pad at the right and below, do_normalize with CLIP's statistics",
    ),
    Project(
        "pytorch-YOLOv4",
        (r"\bneek\.", r"\bdown[1-5]\.", r"^output confs "),
        (STRETCHED_RGB,),
        "demo.py: cv2.resize, RGB; divided by 255 in tool/torch_utils.py",
    ),
    Project(
        "YOLOv3 or YOLOR in PyTorch",
        (r"\bmodule_list\.0\.(Conv2d|conv_0)\b", r"\bmodule_list\.\d\d+\.(Conv2d|conv_\d+)\b"),
        (CENTRED_RGB,),
        "letterbox of utils/datasets.py, pad to a square in PyTorch-YOLOv3; divided by 255",
    ),
    Project(
        "Yolo-FastestV2",
        (r"\boutput_obj_layers\b", r"\boutput_reg_layers\b", r"\boutput_cls_layers\b"),
        (Feeding(UNIT, BGR, 0),),
        "Yolo-FastestV2 test.py: cv2.resize, divided by 255",
    ),
    Project(
        "YOLO-NAS (SuperGradients)",
        (r"\bheads\.head[123]\.", r"\b(backbone\.stem\.conv|neck\.neck[1234])\b"),
        (Feeding(UNIT, RGB, 1),),
        "super_gradients default_yolo_nas_coco_processing_params; padding differs among its versions",
    ),
    Project(
        "TAO DetectNet_v2",
        (r"^output output_cov\W", r"^output output_bbox\W"),
        (STRETCHED_RGB,),
        "deepstream_tao_apps configs of PeopleNet, TrafficCamNet, DashCamNet, FaceDetect",
    ),
    Project(
        "BlazeFace-PyTorch",
        (r"\bbackbone1\.\d", r"\bclassifier_8\b", r"\bregressor_16\b"),
        (Feeding(Scaling(1 / 127.5, (127.5, 127.5, 127.5)), RGB),),
        "blazeface.py _preprocess: x / 127.5 - 1, RGB",
    ),
)
