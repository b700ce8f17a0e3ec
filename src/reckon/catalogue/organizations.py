"""One spelling for each organisation, whatever a board or a hub calls it."""

import re

SPELLINGS = {
    "01 AI": "01ai",
    "AI21 Labs": "ai21 ai21labs",
    "Ai2": "ai2 allenai allenaiuw",
    "Alibaba": "alibaba alibabacloud alibabanlp aliaba qwen",
    "Amazon": "amazon aws amazonwebservices",
    "Ant Group": "antgroup inclusionai",
    "Anthropic": "anthropic",
    "Baidu": "baidu",
    "ByteDance": "bytedance bytedanceseed",
    "Cognitive Computations": "cognitivecomputations",
    "Cohere": "cohere coherelabs cohereforai",
    "Databricks": "databricks",
    "DeepSeek": "deepseek deepseekai",
    "Google": "google googledeepmind deepmind",
    "HuggingFace": "huggingface huggingfaceh4 huggingfacetb",
    "IBM": "ibm ibmgranite",
    "Inception": "inception inceptionai inceptionlabs",
    "InternLM": "internlm",
    "LMSYS": "lmsys lmsysorg",
    "Meta": "meta metaai metallama metamodels facebook",
    "Microsoft": "microsoft microsoftai maiai",
    "MiniMax": "minimax minimaxai",
    "Mistral": "mistral mistralai",
    "Moonshot": "moonshot moonshotai",
    "MosaicML": "mosaicml",
    "NexusFlow": "nexusflow",
    "Nomic AI": "nomic nomicai",
    "NousResearch": "nousresearch nous",
    "Nvidia": "nvidia",
    "OpenAI": "openai",
    "OpenChat": "openchat",
    "Perplexity AI": "perplexity perplexityai",
    "Reka AI": "reka rekaai",
    "Snowflake": "snowflake",
    "Stability AI": "stability stabilityai",
    "StepFun": "stepfun stepfunai",
    "Tencent": "tencent tencenthunyuan",
    "TII": "tii tiiuae",
    "Together AI": "together togetherai togethercomputer",
    "Upstage AI": "upstage upstageai",
    "xAI": "xai xaiorg",
    "Xiaomi": "xiaomi xiaomimimo",
    "Zhipu AI": "zhipu zhipuai zai zaiorg thudm",
}
"""Our spelling, and every way it is met: in small letters, without signs and spaces."""

FAMILIES = {
    "01 AI": "yi",
    "AI21 Labs": "jamba",
    "Ai2": "olmo tulu llama-3.1-tulu molmo",
    "Alibaba": "qwen qwq qvq",
    "Amazon": "amazon nova",
    "Ant Group": "ling ring",
    "Anthropic": "claude",
    "Baidu": "ernie",
    "Cognitive Computations": "dolphin",
    "Cohere": "command c4ai aya",
    "Databricks": "dbrx dolly",
    "DeepSeek": "deepseek",
    "Google": "gemini gemma palm bard",
    "HuggingFace": "smollm zephyr smolvlm",
    "IBM": "granite",
    "Inception": "mercury",
    "InternLM": "internlm",
    "LMSYS": "vicuna fastchat",
    "Meituan": "longcat",
    "Meta": "llama meta codellama muse",
    "Microsoft": "phi wizardlm mai",
    "MiniMax": "minimax",
    "Mistral": "mistral mixtral ministral magistral codestral pixtral",
    "Moonshot": "kimi moonshot",
    "MosaicML": "mpt",
    "NexusFlow": "athene starling-lm-7b-beta",
    "Nomic AI": "gpt4all",
    "NousResearch": "nous openhermes",
    "Nvidia": "nemotron nvidia llama2-70b-steerlm llama-3.1-nemotron llama-3.3-nemotron",
    "OpenAI": "gpt chatgpt o1 o3 o4",
    "OpenAssistant": "oasst",
    "OpenChat": "openchat",
    "Perplexity AI": "pplx",
    "Prime Intellect": "intellect",
    "Princeton": "gemma-2-9b-it-simpo",
    "RWKV": "rwkv",
    "Reka AI": "reka",
    "Snowflake": "snowflake",
    "Stability AI": "stablelm",
    "Stanford": "alpaca",
    "StepFun": "step",
    "TII": "falcon",
    "Tencent": "hunyuan",
    "Together AI": "stripedhyena",
    "Tsinghua": "chatglm",
    "UC Berkeley": "koala starling",
    "UW": "guanaco",
    "Upstage AI": "solar",
    "Zhipu AI": "glm",
    "xAI": "grok",
}
"""Whose models have names that begin so, for boards that name no organisation."""

_OURS = {met: ours for ours, spellings in SPELLINGS.items() for met in spellings.split()}
_MAKERS = sorted(
    ((beginning, maker) for maker, names in FAMILIES.items() for beginning in names.split()),
    key=lambda pair: -len(pair[0]),
)
_SIGNS = re.compile(r"[^0-9a-z]+")


def canonical(written: str) -> str:
    """The one spelling of an organisation; a name that is not known stays as it is written."""
    return _OURS.get(_SIGNS.sub("", written.lower()), written.strip())


def maker_of(model: str) -> str:
    """Whose model it is, by the longest beginning of its name that is known; else empty."""
    name = model.strip().lower().replace(" ", "-")
    for beginning, maker in _MAKERS:
        # A family ends where its word ends: `yi-34b` is of `yi`, `yieldbot` is not.
        if name.startswith(beginning) and not name[len(beginning) :][:1].isalpha():
            return maker
    return ""
