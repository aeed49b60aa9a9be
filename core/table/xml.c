#include "table/xml.h"

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK     65536
#define TOKEN_MAX (1 << 20)
#define DEPTH_MAX 64

struct jj_xml {
    jj_part *part;
    XML_Parser parser;
    const jj_xml_handlers *handlers;
    void *arg;
    uint64_t fed;
    unsigned depth;
    bool paused, ended;
    int code; /* of a handler's failure */
    enum jj_fault fault;
    const char *text;
};

static const char *local(const char *name)
{
    const char *colon = strrchr(name, ':');
    return colon ? colon + 1 : name;
}

void jj_xml_fail(jj_xml *xml, enum jj_fault fault, int code, const char *text)
{
    if (xml->code == 0) {
        xml->fault = fault;
        xml->code = code;
        xml->text = text;
        XML_StopParser(xml->parser, XML_FALSE);
    }
}

void jj_xml_pause(jj_xml *xml)
{
    if (xml->code == 0 && !xml->paused) {
        xml->paused = true;
        XML_StopParser(xml->parser, XML_TRUE);
    }
}

static void XMLCALL on_start(void *arg, const char *name, const char **attributes)
{
    jj_xml *xml = arg;
    if (++xml->depth > DEPTH_MAX) {
        jj_xml_fail(xml, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
                    "the workbook is damaged: its XML is nested too deeply");
        return;
    }
    if (xml->code == 0) {
        xml->handlers->start(xml->arg, local(name), attributes);
    }
}

static void XMLCALL on_end(void *arg, const char *name)
{
    jj_xml *xml = arg;
    xml->depth--;
    if (xml->code == 0) {
        xml->handlers->end(xml->arg, local(name));
    }
}

static void XMLCALL on_text(void *arg, const char *text, int length)
{
    jj_xml *xml = arg;
    if (xml->code == 0 && xml->handlers->text) {
        xml->handlers->text(xml->arg, text, length);
    }
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid, const char *pubid,
                               int internal)
{
    (void)name, (void)sysid, (void)pubid, (void)internal;
    jj_xml_fail(arg, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
                "the workbook is damaged: a document type declaration has no place in it");
}

int jj_xml_open(jj_xml **xml, jj_package *package, const char *part,
                const jj_xml_handlers *handlers, void *arg, jj_refusal *why)
{
    jj_xml *made = calloc(1, sizeof *made);
    if (!made) {
        return jj_refuse_memory(why);
    }
    made->handlers = handlers;
    made->arg = arg;
    int rc = jj_part_open(&made->part, package, part, why);
    if (rc == 0) {
        made->parser = XML_ParserCreate(NULL);
        rc = made->parser ? 0 : jj_refuse_memory(why);
    }
    if (rc) {
        jj_xml_close(made);
        return rc;
    }
    XML_SetUserData(made->parser, made);
    XML_SetElementHandler(made->parser, on_start, on_end);
    XML_SetCharacterDataHandler(made->parser, on_text);
    XML_SetStartDoctypeDeclHandler(made->parser, on_doctype);
    *xml = made;
    return 0;
}

void jj_xml_close(jj_xml *xml)
{
    if (xml) {
        if (xml->parser) {
            XML_ParserFree(xml->parser);
        }
        jj_part_close(xml->part);
        free(xml);
    }
}

/* Judges what expat answered: 1 paused, 0 go on, or the error. */
static int judge(jj_xml *xml, enum XML_Status status, jj_refusal *why)
{
    if (xml->code) {
        return jj_refuse(why, xml->fault, xml->code, "%s", xml->text);
    }
    if (status == XML_STATUS_SUSPENDED) {
        return 1;
    }
    if (status == XML_STATUS_ERROR) {
        if (XML_GetErrorCode(xml->parser) == XML_ERROR_NO_MEMORY) {
            return jj_refuse_memory(why);
        }
        return jj_refuse(why, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
                         "the workbook is damaged: its XML is not well formed");
    }
    XML_Index at = XML_GetCurrentByteIndex(xml->parser);
    if (!xml->ended && at >= 0 && xml->fed > (uint64_t)at + TOKEN_MAX) {
        return jj_refuse(why, JJ_FAULT_WORKBOOK, JJ_EMALFORMED,
                         "the workbook is damaged: a tag is longer than 1 MiB");
    }
    return 0;
}

static int feed(jj_xml *xml, jj_refusal *why)
{
    void *room = XML_GetBuffer(xml->parser, CHUNK);
    if (!room) {
        return jj_refuse_memory(why);
    }
    size_t got;
    int rc = jj_part_read(xml->part, room, CHUNK, &got, why);
    if (rc) {
        return rc;
    }
    xml->fed += got;
    xml->ended = got == 0;
    return judge(xml, XML_ParseBuffer(xml->parser, (int)got, xml->ended), why);
}

int jj_xml_run(jj_xml *xml, jj_refusal *why)
{
    if (xml->paused) {
        xml->paused = false;
        int rc = judge(xml, XML_ResumeParser(xml->parser), why);
        if (rc) {
            return rc;
        }
    }
    while (!xml->ended) {
        int rc = feed(xml, why);
        if (rc) {
            return rc;
        }
    }
    return 0;
}

int jj_xml_read(jj_package *package, const char *part, const jj_xml_handlers *handlers, void *arg,
                jj_xml **self, jj_refusal *why)
{
    int rc = jj_xml_open(self, package, part, handlers, arg, why);
    if (rc == 0) {
        rc = jj_xml_run(*self, why);
        jj_xml_close(*self);
        *self = NULL;
    }
    return rc;
}

const char *jj_xml_attribute(const char **attributes, const char *name)
{
    for (; *attributes; attributes += 2) {
        if (strcmp(local(*attributes), name) == 0) {
            return attributes[1];
        }
    }
    return NULL;
}

uint64_t jj_xml_position(const jj_xml *xml, uint64_t *total)
{
    return jj_part_position(xml->part, total);
}
