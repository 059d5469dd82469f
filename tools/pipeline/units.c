/* tusk pipeline units. */
#include "pipeline/units.h"

#include <string.h>

/* A path as one word of a unit file: quoted, with "%" doubled and the rest escaped. */
static void put_word(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '%' || *text == '\\')
			fputc(*text, out);
		else if (*text == '"')
			fputc('\\', out);
		if ((unsigned char)*text < 0x20)
			fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
		else
			fputc(*text, out);
	}
	fputc('"', out);
}

static const char *local_path(const struct pipeline_node *node)
{
	if (node->url[0] == '/')
		return node->url;
	return strncmp(node->url, "file://", 7) == 0 ? node->url + 7 : NULL;
}

/* What hooks and commands need is not known: a sandbox is only for pipelines without them. */
static bool runs_programs(const struct pipeline *p)
{
	bool runs = p->alert.on_failure.count > 0 || p->password_command;
	for (size_t i = 0; i < p->source_count; i++) {
		const struct pipeline_source *s = &p->sources[i];
		runs = runs || s->command.count || s->before.count || s->after.count || s->on_failure.count;
	}
	return runs;
}

static void put_sandbox(FILE *out, const struct pipeline *p)
{
	fputs("NoNewPrivileges=yes\nProtectSystem=strict\nProtectKernelTunables=yes\nProtectKernelModules=yes\n"
	      "ProtectControlGroups=yes\nRestrictSUIDSGID=yes\nLockPersonality=yes\n",
	      out);
	for (size_t i = 0; i < p->node_count; i++) {
		const char *path = local_path(&p->nodes[i]);
		if (!path)
			continue;
		fputs("ReadWritePaths=", out);
		fputs("-", out);
		put_word(out, path);
		fputc('\n', out);
	}
	const char *metrics = p->alert.metrics_file, *slash = metrics ? strrchr(metrics, '/') : NULL;
	if (slash && slash != metrics) {
		char folder[4096];
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - metrics), metrics);
		fputs("ReadWritePaths=-", out);
		put_word(out, folder);
		fputc('\n', out);
	}
	/* Reading every file; mounting, where the restore drill does. */
	fprintf(out, "CapabilityBoundingSet=CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_DAC_OVERRIDE%s\n",
		p->verify.drill ? " CAP_SYS_ADMIN" : "");
}

void pipeline_service_unit(FILE *out, const struct pipeline *p, const char *program, const char *file)
{
	fprintf(out,
		"[Unit]\nDescription=tusk pipeline %s\nDocumentation=man:tusk(1) man:tusk-pipeline(5)\n"
		"Wants=network-online.target\nAfter=network-online.target\n\n[Service]\nType=oneshot\nExecStart=",
		p->name);
	put_word(out, program);
	fputs(" run ", out);
	put_word(out, file);
	fputc('\n', out);
	if (p->password_file) {
		fputs("LoadCredential=tusk.password:", out);
		fputs(p->password_file, out);
		fputc('\n', out);
	}
	fputs("StateDirectory=tusk\nEnvironment=XDG_STATE_HOME=/var/lib\nNice=19\nIOSchedulingClass=idle\n"
	      "PrivateTmp=yes\nKillMode=mixed\nTimeoutStopSec=2min\n",
	      out);
	if (!runs_programs(p))
		put_sandbox(out, p);
}

void pipeline_timer_unit(FILE *out, const struct pipeline *p)
{
	static const char *const days[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
	const struct pipeline_schedule *s = &p->schedule;
	char when[64] = "";
	switch (s->period) {
	case PIPELINE_NEVER:
		return;
	case PIPELINE_HOURLY:
		snprintf(when, sizeof(when), "hourly");
		break;
	case PIPELINE_DAILY:
		snprintf(when, sizeof(when), "*-*-* %02u:%02u:00", s->hour, s->minute);
		break;
	case PIPELINE_WEEKLY:
		snprintf(when, sizeof(when), "%s *-*-* %02u:%02u:00", days[s->weekday], s->hour, s->minute);
		break;
	case PIPELINE_MONTHLY:
		snprintf(when, sizeof(when), "*-*-%02u %02u:%02u:00", s->day, s->hour, s->minute);
		break;
	}
	fprintf(out,
		"[Unit]\nDescription=When tusk pipeline %s runs\n\n[Timer]\nOnCalendar=%s\nRandomizedDelaySec=%s\n"
		"Persistent=true\n\n[Install]\nWantedBy=timers.target\n",
		p->name, when, s->period == PIPELINE_HOURLY ? "2m" : "15m");
}
