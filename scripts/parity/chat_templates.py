"""Chat templates in the styles of well-known models, written anew, and what the reference makes of them."""

CHATML = """\
{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nBe of help.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == 'user' or (message.role == 'system' and not loop.first) or message.role == 'assistant' %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""

# As Qwen3: looks back for the last question, drops older thoughts, and can close the thought in advance.
HYBRID = """\
{%- if tools %}
    {{- raise_exception('no tools here') }}
{%- endif %}
{%- set last = namespace(index=messages|length - 1, found=false) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if not last.found and message.role == "user" and message.content is string and not message.content.startswith('<tool_response>') %}
        {%- set last.found = true %}
        {%- set last.index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if message.role == "assistant" %}
        {%- set thought = '' %}
        {%- if message.reasoning_content is string %}
            {%- set thought = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set thought = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > last.index and (loop.last or thought) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + thought.strip('\\n') + '\\n</think>\\n\\n' + content }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' ~ message.role ~ '\\n' ~ content ~ '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""

# As Llama 3.x: a dated system block, trimmed contents.
HEADERS = """\
{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "01 Jan 2024" %}
    {%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Tools may be called.\\n" }}
{%- endif %}
{{- "Today is: " + date_string + "\\n\\n" }}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n'+ message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

# As Mistral: alternating turns, checked.
BRACKETS = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('turns of user and assistant must alternate') }}{% endif %}{% if message['role'] == 'user' %}"
    "{{ '[INST] ' + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}"
    "{{ message['content'] + eos_token}}{% else %}{{ raise_exception('unknown role') }}{% endif %}{% endfor %}\n"
)

# As Llama 2: the system message goes into the first turn.
SYS = """\
{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set system = messages[0]['content'] %}\
{% else %}{% set rest = messages %}{% set system = false %}{% endif %}{% for message in rest %}\
{% if loop.index0 == 0 and system != false %}{% set content = '<<SYS>>\\n' + system + '\\n<</SYS>>\\n\\n' + message['content'] %}\
{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}\
{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% else %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}"""

# As R1's distillations: full-width bars, thoughts cut from older answers, and the next thought opened.
OPENED = (
    "{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}"
    "{% set ns = namespace(is_first=false, system='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}"
    "{% set ns.system = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system}}"
    "{%- for message in messages %}{%- if message['role'] == 'user' %}{{'<｜User｜>' + message['content']}}{%- endif %}"
    "{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}"
    "{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}"
    "{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}"
    "{% if add_generation_prompt %}{{'<｜Assistant｜><think>\\n'}}{% endif %}"
)

# Jinja's corners: comments, macros, filters, loops, white space, a line feed at the end. Left out are two things known to
# differ: true printed as text ("True" in Jinja), and what a loop wrote before `break` or `continue` (lost).
CORNERS = """
{#- a comment -#}
{% macro turn(name, text) -%}
<{{ name | upper }}>{{ text }}</{{ name }}>
{%- endmacro %}
{% set names = {'user': 'u', 'assistant': 'a'} %}

  {% for message in messages if message.role != 'system' %}
  {{ turn(names[message.role], message.content) }}
    {%- if not loop.last %},{% endif %}

  {% else %}
nothing
  {% endfor %}
{{ ['x', 'y', 'z'] | join('-') }} {{ 'yes' if 'b' in ['a', 'b'] else 'no' }} {{ 7 // 2 }} {{ (messages | first).role | default('nobody') }}
{{ nobody | default('not set') }} {{ messages | length }} {{- '  kept  ' -}} {{ messages[-1]['role'][0] }}
{{ {'a': [1, 2.5, true, none], 'b': 'é"\\n'} | tojson }}
{% for i in range(1, 4) %}{{ loop.index }}{{ loop.revindex }}{{ i }};{% endfor %}

> 

"""

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}
STYLES = {
    "chatml": (CHATML, {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}),
    "hybrid": (HYBRID, {"eos_token": "<|im_end|>"}),
    "headers": (HEADERS, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}),
    "brackets": (BRACKETS, TOKENS),
    "sys": (SYS, TOKENS),
    "opened": (OPENED, {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"}),
    "corners": (CORNERS, TOKENS),
}

QUESTION = "Read the text below.\n\n### Context\n```\nnaïve  \\boxed{x}\t中文 <b>&amp;</b> {{ not jinja }}\n```"
CONVERSATIONS = [
    [("user", QUESTION)],
    [("user", "  spaces around \n")],
    [("user", "has </think> and <think> in it")],
    [("user", "one"), ("assistant", "<think>\nhm\n</think>\n\ntwo"), ("user", "three")],
    [("system", " be brief "), ("user", "one")],
]


def make_cases():
    from jinja2.exceptions import TemplateError
    from transformers.utils import chat_template_utils

    cases = []
    for style, (source, tokens) in STYLES.items():
        compiled = chat_template_utils._compile_jinja_template(source)
        # A prompt must not depend on the day: rpt does not offer this name.
        compiled.environment.globals.pop("strftime_now", None)
        for conversation in CONVERSATIONS:
            for options in [{}, {"enable_thinking": False}] if style == "hybrid" else [{}]:
                messages = [{"role": role, "content": content} for role, content in conversation]
                variables = {"messages": messages, "tools": None, "documents": None, "add_generation_prompt": True}
                variables |= tokens | options
                try:
                    expected = compiled.render(**variables)
                except TemplateError:
                    expected = None
                cases.append({"style": style, "variables": variables, "expected": expected})
    return {"templates": {style: source for style, (source, _) in STYLES.items()}, "cases": cases}
