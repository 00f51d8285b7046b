import { useQuery } from "@tanstack/react-query";
import { status } from "../data/queries";
import { Icon } from "../ui/icons";
import { useWords } from "../words";

/** Says that the last check of the backups failed: nobody looks at backups until they are needed. */
export function BackupAlarm() {
  const { t } = useWords();
  const { data } = useQuery(status);
  if (!data?.badBackup) return null;
  return (
    <div className="stale" role="status" data-testid="bad-backup">
      <Icon name="warn" size={18} />
      <b>{t("backup.bad")}</b>
      <span>
        {t("backup.help")} {data.badBackup.words}
      </span>
    </div>
  );
}
